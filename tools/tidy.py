#!/usr/bin/python3
"""Checks what no compiler checks: which module may use which, and constructs that are banned.

usage: tidy.py [ROOT]      prints one line per finding; exit code 1 when there is one

The rules stand in the tables below. An exception is a row of ALLOW with its reason; a new edge of
MODULES is a decision about the architecture and belongs in ARCHITECTURE.md.
"""

import fnmatch
import pathlib
import re
import sys

# --- Who may include whom. `domain` folders hold no I/O, no clock, no randomness. ---------------
MODULES = {
    "base": [],
    "schedule": ["base"],
    "check": ["base"],
    "alert": ["base", "check", "schedule"],
    "notification": ["base", "check", "alert"],
    "timer": ["base", "schedule", "check", "alert"],
    "deployment": ["base", "check"],
    "config": ["base", "schedule", "check", "alert", "timer", "deployment", "notification"],
    "ports": ["base", "schedule", "check", "alert", "timer", "deployment", "notification",
              "config"],
    "service": ["base", "schedule", "check", "alert", "timer", "deployment", "notification",
                "config", "ports"],
    "adapters": ["base", "schedule", "check", "alert", "timer", "deployment", "notification",
                 "config", "ports"],
    "web": ["base", "schedule", "check", "alert", "timer", "deployment", "notification", "config",
            "ports", "service"],
    "app": ["base", "schedule", "check", "alert", "timer", "deployment", "notification", "config",
            "ports", "service", "adapters", "web"],
}
DOMAIN = ("schedule", "check", "alert", "timer", "deployment", "notification", "config")

# The one exception from "an adapter never includes another": what speaks to a service of AWS does so
# through the client in adapters/aws, its credentials and its retries.
BUILDS_ON = {"adapters/timers_dynamodb": "adapters/aws", "adapters/ecs_aws": "adapters/aws"}

# --- Outside headers: module (or adapters/X) -> prefixes. The C++ standard library is free, -------
# --- except what PURE_STD_BAN names for the domain. ------------------------------------------------
OUTSIDE = {
    "base": ["fmt/"],
    "schedule": ["fmt/"],
    "check": ["fmt/"],
    "alert": ["fmt/"],
    "timer": ["fmt/"],
    "deployment": ["fmt/"],
    "notification": ["fmt/"],
    "config": ["fmt/"],
    "ports": [],
    "service": ["fmt/"],
    "web": ["fmt/", "boost/", "openssl/", "POSIX"],
    "app": ["fmt/", "CLI/", "boost/asio", "POSIX"],
    "adapters/aws": ["fmt/", "openssl/"],
    "adapters/clock_system": ["fmt/", "POSIX"],
    "adapters/command_posix": ["fmt/", "boost/", "POSIX"],
    "adapters/config_files": ["fmt/", "POSIX"],
    "adapters/ecs_aws": ["fmt/"],
    "adapters/dns_cares": ["fmt/", "ares", "boost/", "POSIX"],
    "adapters/http_curl": ["fmt/", "curl/", "openssl/", "zlib.h", "POSIX"],
    "adapters/log_spdlog": ["fmt/", "spdlog/", "POSIX"],
    "adapters/loop_asio": ["fmt/", "boost/", "POSIX"],
    "adapters/mail_curl": ["fmt/", "curl/", "openssl/", "POSIX"],
    "adapters/store_sqlite": ["fmt/", "sqlite3.h", "POSIX"],
    "adapters/systemd": ["fmt/", "POSIX"],
    "adapters/tcp_asio": ["fmt/", "boost/", "openssl/", "POSIX"],
    "adapters/timers_dynamodb": ["fmt/"],
}
# In .cpp files only: heavy libraries stay out of headers.
OUTSIDE_CPP = {
    "config": ["yaml-cpp/"],
    "notification": ["openssl/"],  # HMAC() is a pure function: signatures of requests
    "schedule": ["date/"],
}
PURE_STD_BAN = {"fstream", "iostream", "filesystem", "thread", "mutex", "shared_mutex", "random",
                "condition_variable", "future", "semaphore", "latch", "barrier", "csignal",
                "execution", "stop_token"}
TEST_OUTSIDE = ["gtest/", "gmock/", "benchmark/", "POSIX"]
POSIX = re.compile(r"(sys|arpa|net|netinet|linux)/|(unistd|fcntl|poll|signal|netdb|pthread|spawn|"
                   r"sched|syslog|termios|dirent|grp|pwd|dlfcn|malloc|ucontext)\.h$")

# --- Banned text: (rule, pattern, replacement, where). Comments and strings are not searched. -----
OUTSIDE_WORLD = ("src/adapters/", "bench/")
BANNED = [
    ("clock", r"\b(system_clock|steady_clock|high_resolution_clock|utc_clock)::now\b",
     "ask ports::Clock", OUTSIDE_WORLD),
    ("clock", r"\b(time\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)|clock_gettime\s*\(|gettimeofday\s*\()",
     "ask ports::Clock", OUTSIDE_WORLD),
    ("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\s*\(", "ask ports::Loop for a timer",
     OUTSIDE_WORLD),
    ("random", r"\b(random_device|std::rand|srand|mt19937(_64)?|default_random_engine|"
     r"uniform_(int|real)_distribution)\b", "take a tocsin::Random as argument",
     ("src/base/", "src/adapters/", "bench/")),
    ("environment", r"\b(secure_)?getenv\b", "take the value as argument", OUTSIDE_WORLD),
    ("detached", r"\b(asio::)?detached\b|\.detach\(\)", "own the task and join it", ()),
    ("using-namespace", r"^\s*using\s+namespace\b(?!.*literals)", "name it", ("*.cpp",)),
]
HASH_BAN = re.compile(r"\bstd::hash\b")  # not the same on every library: never decides an action
HASH_FREE = ("src/schedule/", "src/alert/", "src/timer/", "src/service/", "src/notification/")
VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?|misc)(_|\.)|^common\.")

MAX_LINES, MAX_COLUMNS, MAX_FUNCTION = 600, 100, 70

# --- Exceptions: (rule, path pattern, reason). ----------------------------------------------------
ALLOW = [
    ("environment", "src/app/main.cpp", "the one place that hands the environment to the program"),
    ("environment", "tests/*", "a failed run is replayed with the seed that it printed"),
    ("clock", "tests/contract/*", "contract suites run real adapters on the real clock"),
    ("clock", "tests/support/loopback_*", "a real server on loopback paces real bytes"),
    ("pure", "src/schedule/zone.cpp", "the table of loaded time zones serves every thread"),
    ("random", "src/app/*", "the composition root draws the seed of every generator"),
]

SOURCE_FOLDERS = ("src", "tests", "fuzz", "bench")
STRIP = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^\s()\\]{0,16})\(.*?\)(?P=d)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)


class Source:
    """One C++ file: its lines as written, and its code without comments and string contents."""

    def __init__(self, path, text):
        self.path = path  # relative to the root, with forward slashes
        self.text = text
        self.lines = text.split("\n")
        self.code = STRIP.sub(_blank, text)
        self.is_header = path.endswith(".hpp")
        name = path.rsplit("/", 1)[-1]
        self.is_test = (name.endswith("_test.cpp") or name.startswith("test_")
                        or not path.startswith("src/"))
        parts = path.split("/")
        self.module = self.folder = ""
        if parts[0] == "src" and len(parts) > 2:
            self.module = parts[1]
            adapter = parts[1] == "adapters" and len(parts) > 3
            self.folder = f"adapters/{parts[2]}" if adapter else parts[1]


def _blank(match):
    found = match.group(0)
    newlines = "\n" * found.count("\n")
    return newlines if found.startswith("/") else '""' + newlines


def line_of(code, offset):
    return code.count("\n", 0, offset) + 1


def allowed(rule, path):
    return any(r == rule and fnmatch.fnmatch(path, pattern) for r, pattern, _ in ALLOW)


# --- Rules: each yields (line, rule, sentence). ---------------------------------------------------
def check_includes(source):
    own = source.path[len("src/"):-len(".cpp")] + ".hpp"
    first = None
    for match in INCLUDE.finditer(source.text):
        line = line_of(source.text, match.start())
        if match.group(1) is not None:
            first = first or match.group(1)
            yield from _check_own_include(source, match.group(1), line)
        else:
            first = first or match.group(2)
            yield from _check_outside_include(source, match.group(2), line)
    if source.module and source.path.endswith(".cpp") and not source.is_test:
        header = f'#include "{own}"'
        if header in source.text and first != own:
            yield 1, "own-header-first", f'{header} comes first, so that it is self-contained'


def _check_own_include(source, name, line):
    if "/" not in name:
        yield line, "include", f'"{name}": include from the src/ root'
        return
    if not source.module:
        return  # tests/, fuzz/ and bench/ may use every module
    parts = name.split("/")
    target = parts[0]
    if target == source.module:
        folder = "/".join(parts[:2])
        if target == "adapters" and folder not in (source.folder, BUILDS_ON.get(source.folder)):
            yield line, "dependency", f'"{name}": an adapter never includes another adapter'
        return
    if source.is_test and (target == "support" or target in MODULES["ports"] + ["ports"]):
        return
    if target not in MODULES:
        yield line, "include", f'"{name}": no module of src/ is called {target}'
    elif target not in MODULES.get(source.module, []):
        yield line, "dependency", f'"{name}": {source.module} may not use {target}'


def is_standard(name):
    return "/" not in name and "." not in name


def _check_outside_include(source, name, line):
    if not source.module:
        return
    if is_standard(name):
        if source.module in DOMAIN and not source.is_test and name in PURE_STD_BAN:
            yield line, "pure", f"<{name}>: a domain module has no I/O, threads or randomness"
        return
    prefixes = OUTSIDE.get(source.folder)
    if prefixes is None:
        yield line, "outside", f"{source.folder} has no row in OUTSIDE of tools/tidy.py"
        return
    prefixes = list(prefixes)
    if not source.is_header:
        prefixes += OUTSIDE_CPP.get(source.folder, [])
    if source.is_test:
        prefixes += TEST_OUTSIDE
    for prefix in prefixes:
        if POSIX.match(name) if prefix == "POSIX" else name.startswith(prefix):
            return
    yield line, "outside", f"<{name}>: {source.folder} may not use this library here"


def check_banned(source):
    for rule, pattern, instead, where in BANNED_COMPILED:
        if any(fnmatch.fnmatch(source.path, w) if "*" in w else source.path.startswith(w)
               for w in where):
            continue
        for match in pattern.finditer(source.code):
            yield line_of(source.code, match.start()), rule, f"{match.group(0).strip()}: {instead}"
    if source.path.startswith(HASH_FREE):
        for match in HASH_BAN.finditer(source.code):
            yield (line_of(source.code, match.start()), "hash",
                   "std::hash differs between libraries: use base/hash.hpp")


BANNED_COMPILED = [(r, re.compile(p, re.M), i, w) for r, p, i, w in BANNED]
FIX_ME = re.compile("FIX" "ME|XX" "X|HA" "CK")
TO_DO = re.compile(r"\bTO" r"DO\b(?!\(#\d+\))")


def check_text(source):
    if len(source.lines) - 1 > MAX_LINES:
        yield MAX_LINES, "file-length", f"{len(source.lines) - 1} lines, at most {MAX_LINES}"
    for number, line in enumerate(source.lines, 1):
        if len(line) > MAX_COLUMNS:
            yield number, "line-length", f"{len(line)} columns, at most {MAX_COLUMNS}"
    if FIX_ME.search(source.text):
        for match in re.finditer(r"\b(" + FIX_ME.pattern + r")\b", source.text):
            yield line_of(source.text, match.start()), "marker", f"{match.group(0)}: mend it now"
    for match in TO_DO.finditer(source.text):
        yield line_of(source.text, match.start()), "marker", "name the issue: TO" "DO(#N)"
    if source.is_header and "#pragma once" not in source.text:
        yield 1, "pragma-once", "a header begins with #pragma once"
    if VAGUE.search(source.path.rsplit("/", 1)[-1]):
        yield 1, "vague-name", "name the file after what it holds"


def check_namespace(source):
    if source.module and source.is_header and source.module != "base":
        names = {source.module, source.folder.rsplit("/", 1)[-1]}  # adapters may go by their own
        if not any(f"namespace tocsin::{name}" in source.code for name in names):
            yield 1, "namespace", f"namespace = folder: tocsin::{source.module}"


CO_AWAIT = re.compile(r"\bco_await\b")
CAPTURING = re.compile(r"\[[^\[\]]*\w[^\[\]]*\]\s*(\([^()]*\)\s*)?(mutable\s*)?(->[^{]*)?$")


def check_co_await(source):
    """g++ 12 destroys twice what a braced temporary or a capturing lambda in an await holds."""
    for match in CO_AWAIT.finditer(source.code):
        depth, start = 0, match.end()
        for offset in range(start, min(len(source.code), start + 4000)):
            char = source.code[offset]
            if char in "([":
                depth += 1
            elif char in ")]":
                depth -= 1
            elif char == "{":
                before = source.code[start:offset]
                empty_capture = re.search(r"\[\]\s*(\([^()]*\)\s*)?$", before)
                if not empty_capture:
                    what = "capturing lambda" if CAPTURING.search(before) else "braced temporary"
                    yield (line_of(source.code, match.start()), "co_await",
                           f"{what} inside the awaited expression: name it first (g++ 12)")
                break
            if depth < 0 or (char == ";" and depth <= 0):
                break


# A block is a function when what stands before its brace ends like a parameter list or an
# initializer list, and everything around it is a namespace or a class.
FUNCTION_END = re.compile(
    r"\)\s*(const|noexcept(\s*\([^()]*\))?|override|final|mutable|&&?|requires\b.*|->\s*[^;{}=]+|\s)*$",
    re.S)
INITIALIZERS = re.compile(r"\)\s*(noexcept\s*)?:(?!:)\s*\w.*[)}]\s*$", re.S)
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum)\b[^()=]*$|\bextern\s*\"\"\s*$", re.S)
PREPROCESSOR = re.compile(r"^[ \t]*#.*(?:\\\n.*)*", re.M)


def classify(head):
    if SCOPE.search(head):
        return "scope"
    if re.search(r"(^|[^=!<>\w])=(?!=)", head.split("(")[0]) and "operator" not in head:
        return "other"
    if INITIALIZERS.search(head) or FUNCTION_END.search(head):
        return "function"
    return "other"


def functions(code):
    """Yields (first line, last line) of each function's definition."""
    code = PREPROCESSOR.sub(lambda m: "\n" * m.group(0).count("\n"), code)
    stack, head, head_line, line, nested = [], [], 0, 1, 0
    for token in re.split(r"([{};\n])", code):
        if token == "\n":
            line += 1
            head.append(" ")
        elif nested:  # inside a function or an initializer: only its end matters
            nested += (token == "{") - (token == "}")
            if nested == 0:
                kind, first = stack.pop()
                if kind == "function":
                    yield first, line
                    head, head_line = [], 0
                else:
                    head.append("{}")
        elif token == "{":
            kind = classify("".join(head).strip())
            stack.append((kind, head_line or line))
            if kind == "scope":
                head, head_line = [], 0
            else:
                nested = 1
        elif token == "}":
            if stack:
                stack.pop()
            head, head_line = [], 0
        elif token == ";":
            head, head_line = [], 0
        elif token.strip() and not re.fullmatch(r"\s*(public|private|protected)\s*:\s*", token):
            head_line = head_line or line
            head.append(token)


def check_functions(source):
    for first, last in functions(source.code):
        if last - first + 1 > MAX_FUNCTION:
            yield first, "function-length", f"{last - first + 1} lines, at most {MAX_FUNCTION}"


CMAKE_MODULE = re.compile(r"tocsin_module\s*\(([^)]*)\)")
CMAKE_KEYWORDS = {"NAME", "SOURCES", "DEPS", "LIBS", "TESTS", "TEST_DEPS", "TEST_LABELS"}


def check_cmake(path, text):
    """What a library links mirrors what its folder may include."""
    for match in CMAKE_MODULE.finditer(re.sub(r"#[^\n]*", "", text)):
        values, keyword = {}, None
        for word in match.group(1).split():
            if word in CMAKE_KEYWORDS:
                keyword = word
            else:
                values.setdefault(keyword, []).append(word)
        name = (values.get("NAME") or [""])[0]
        module = "adapters" if name.startswith("adapters_") else name
        module = path.split("/")[1] if module not in MODULES else module
        for dep in values.get("DEPS", []):
            target = "adapters" if dep.startswith("adapters_") else dep
            target = target if target in MODULES else target.split("_")[0]
            same_module = target == module and module != "adapters"
            base = BUILDS_ON.get(name.replace("adapters_", "adapters/", 1))
            same_module |= base is not None and dep == base.replace("/", "_")
            if not same_module and target not in MODULES.get(module, []):
                yield (line_of(text, match.start()), "dependency",
                       f"tocsin_{name} may not link tocsin_{dep}")


RULES = (check_includes, check_banned, check_text, check_namespace, check_co_await, check_functions)


def check_source(path, text):
    source = Source(path, text)
    for rule in RULES:
        for line, name, sentence in rule(source):
            if not allowed(name, path):
                yield f"{path}:{line}: {name}: {sentence}"


def check_tree(root):
    findings = []
    for folder in SOURCE_FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            path = file.relative_to(root).as_posix()
            if file.suffix in (".cpp", ".hpp"):
                findings += check_source(path, file.read_text(errors="replace"))
            elif file.name == "CMakeLists.txt" and folder == "src":
                findings += [f"{path}:{line}: {rule}: {sentence}"
                             for line, rule, sentence in check_cmake(path, file.read_text())]
    return findings


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1]
    findings = check_tree(root)
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} findings" if findings else "tidy: clean")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
