#!/usr/bin/python3
"""clang-format and clang-tidy over what changed lately.

usage: lint.py format [--all]
       lint.py clang-tidy --build DIR [--all] [--jobs N] [--budget SECONDS]

What changed lately: every file touched by the commits of the 24 hours before HEAD's own date, and by
what is not committed; by the last ten commits when history does not reach back that far. clang-tidy stops starting
files when the budget is used up and names those it did not reach; the order depends on the day of HEAD,
so that over a few days every file gets its turn. Exit code: 0 clean, 1 findings, 2 could not run.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

CLANG_TIDY, CLANG_FORMAT = "clang-tidy-19", "clang-format-19"
DAY_SECONDS = 24 * 60 * 60
YOUNG_COMMITS = 10


def git(*args):
    return subprocess.run(["git", *args], capture_output=True, text=True, check=True).stdout


def changed_files():
    tracked = set(git("ls-files", "--cached", "--others", "--exclude-standard").split("\n"))
    head_date = int(git("log", "-1", "--format=%ct"))
    base = git("rev-list", "-1", f"--before={head_date - DAY_SECONDS}", "HEAD").strip()
    if not base:  # a young project: what the last commits touched, not everything at once
        commits = git("rev-list", f"--max-count={YOUNG_COMMITS + 1}", "HEAD").split()
        if len(commits) <= YOUNG_COMMITS:
            return sorted(filter(None, tracked))
        base = commits[-1]
    changed = set(git("diff", "--name-only", base, "HEAD").split("\n"))
    changed |= set(git("diff", "--name-only", "HEAD").split("\n"))
    return sorted(filter(None, changed & tracked))


def cpp_files(everything):
    names = git("ls-files", "--cached", "--others", "--exclude-standard").split("\n") \
        if everything else changed_files()
    return [n for n in names if n.endswith((".cpp", ".hpp")) and pathlib.Path(n).exists()]


def run_format(args):
    files = cpp_files(args.all)
    if not files:
        print("clang-format: nothing changed")
        return 0
    done = subprocess.run([CLANG_FORMAT, "--dry-run", "-Werror", *files])
    if done.returncode == 0:
        print(f"clang-format: {len(files)} files clean")
    else:
        print("clang-format: run `make format`")
    return min(done.returncode, 1)


def units_to_check(build, files):
    """Translation units of the compile database: the changed ones, and the namesakes of headers."""
    root = pathlib.Path.cwd()
    known = set()
    for entry in json.loads(pathlib.Path(build, "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(root):
            known.add(str(path.relative_to(root)))
    wanted = set()
    for name in files:
        stem = name.rsplit(".", 1)[0]
        candidates = [name] if name.endswith(".cpp") else [f"{stem}.cpp", f"{stem}_test.cpp"]
        wanted |= {c for c in candidates if c in known}
    day = git("log", "-1", "--format=%cs").strip()
    return sorted(wanted, key=lambda n: hashlib.sha256((day + n).encode()).hexdigest())


def scope_of(name):
    """Path analysis of GoogleTest's macros takes three quarters of a test file's time and says nothing
    about the product; tests run under the sanitizers instead. A test's environment is its own: it may
    use what is not safe between threads (setenv, readdir), which the thread sanitizer would see.
    Path analysis does not know what a coroutine's frame holds and takes Asio's own members, which
    were set when it was suspended, for uninitialised: of coroutines that one finding is left out."""
    if name.startswith("tests/") or name.endswith("_test.cpp"):
        return ["--checks=-clang-analyzer-*,-concurrency-mt-unsafe"]
    if name == "src/web/http/session.cpp":
        return ["--checks=-clang-analyzer-core.CallAndMessage"]
    return []


def check_unit(build, name, deadline):
    """Returns (name, verdict, output); verdict: clean, failed, unreached."""
    left = deadline - time.monotonic()
    if left < 5:
        return name, "unreached", ""
    try:
        done = subprocess.run([CLANG_TIDY, "-p", build, "--quiet", *scope_of(name), name],
                              capture_output=True, text=True, timeout=left)
    except subprocess.TimeoutExpired:
        return name, "unreached", ""
    return name, "clean" if done.returncode == 0 else "failed", done.stdout + done.stderr


def run_tidy(args):
    deadline = time.monotonic() + args.budget
    units = units_to_check(args.build, cpp_files(args.all))
    verdicts = {"clean": [], "failed": [], "unreached": []}
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        futures = [pool.submit(check_unit, args.build, name, deadline) for name in units]
        for future in concurrent.futures.as_completed(futures):
            name, verdict, output = future.result()
            verdicts[verdict].append(name)
            if verdict == "failed":
                print(output.strip(), flush=True)
    for name in verdicts["unreached"]:
        print(f"clang-tidy: not reached: {name}")
    print(f"clang-tidy: {len(verdicts['clean'])} files clean, {len(verdicts['failed'])} with "
          f"findings, {len(verdicts['unreached'])} not reached in {args.budget} s")
    return 1 if verdicts["failed"] else 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("what", choices=["format", "clang-tidy"])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--build", default="build/tidy")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--budget", type=int, default=600)
    args = parser.parse_args()
    os.chdir(pathlib.Path(__file__).parents[1])
    try:
        return run_format(args) if args.what == "format" else run_tidy(args)
    except (OSError, subprocess.CalledProcessError, json.JSONDecodeError) as error:
        print(f"lint: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
