"""Every rule of tidy.py, shown on the smallest text that breaks it and one that does not."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tidy  # noqa: E402

HEADER = "#pragma once\nnamespace tocsin::alert {}\n"


def rules(path, text):
    return [finding.split(": ")[1] for finding in tidy.check_source(path, text)]


def test_table_is_acyclic():
    seen = []
    for module, uses in tidy.MODULES.items():
        assert set(uses) <= set(seen), module
        seen.append(module)


def test_every_adapter_folder_has_a_row():
    root = pathlib.Path(__file__).parents[1]
    folders = {f"adapters/{p.name}" for p in (root / "src/adapters").iterdir() if p.is_dir()}
    assert folders <= set(tidy.OUTSIDE)


@pytest.mark.parametrize("path, include, expected", [
    ("src/alert/a.cpp", '"check/outcome.hpp"', []),
    ("src/check/a.cpp", '"alert/event.hpp"', ["dependency"]),
    ("src/schedule/a.cpp", '"ports/loop.hpp"', ["dependency"]),
    ("src/service/probe/a.cpp", '"ports/loop.hpp"', []),
    ("src/service/a.cpp", '"adapters/http_curl/client.hpp"', ["dependency"]),
    ("src/adapters/http_curl/a.cpp", '"adapters/http_curl/b.hpp"', []),
    ("src/adapters/http_curl/a.cpp", '"adapters/dns_cares/b.hpp"', ["dependency"]),
    ("src/adapters/timers_dynamodb/a.cpp", '"adapters/aws/api.hpp"', []),
    ("src/adapters/timers_dynamodb/a.cpp", '"adapters/http_curl/b.hpp"', ["dependency"]),
    ("src/adapters/aws/a.cpp", '"adapters/timers_dynamodb/b.hpp"', ["dependency"]),
    ("src/adapters/http_curl/a.cpp", '"service/watch.hpp"', ["dependency"]),
    ("src/app/a.cpp", '"adapters/http_curl/b.hpp"', []),
    ("src/alert/a.cpp", '"b.hpp"', ["include"]),
    ("src/alert/a.cpp", '"nowhere/b.hpp"', ["include"]),
    ("src/service/a_test.cpp", '"support/virtual_loop.hpp"', []),
    ("src/service/a.cpp", '"support/virtual_loop.hpp"', ["include"]),
    ("tests/sim/a.cpp", '"app/run.hpp"', []),
])
def test_modules_include_only_what_stands_below_them(path, include, expected):
    assert rules(path, f"#include {include}\n") == expected


@pytest.mark.parametrize("path, include, expected", [
    ("src/alert/a.cpp", "<fmt/format.h>", []),
    ("src/alert/a.cpp", "<vector>", []),
    ("src/alert/a.cpp", "<boost/asio.hpp>", ["outside"]),
    ("src/alert/a.cpp", "<unistd.h>", ["outside"]),
    ("src/alert/a.cpp", "<thread>", ["pure"]),
    ("src/config/a.cpp", "<yaml-cpp/yaml.h>", []),
    ("src/config/a.hpp", "<yaml-cpp/yaml.h>", ["outside"]),
    ("src/schedule/a.cpp", "<date/tz.h>", []),
    ("src/check/a.cpp", "<date/tz.h>", ["outside"]),
    ("src/web/a.cpp", "<boost/beast.hpp>", []),
    ("src/adapters/systemd/a.cpp", "<sys/socket.h>", []),
    ("src/adapters/systemd/a.cpp", "<curl/curl.h>", ["outside"]),
    ("src/adapters/unheard_of/a.cpp", "<curl/curl.h>", ["outside"]),
    ("src/alert/a_test.cpp", "<gtest/gtest.h>", []),
    ("src/alert/a.cpp", "<gtest/gtest.h>", ["outside"]),
])
def test_outside_libraries_stay_in_their_module(path, include, expected):
    text = f"#include {include}\n"
    if path.endswith(".hpp"):
        text = f"#pragma once\n#include {include}\nnamespace tocsin::{path.split('/')[1]} {{}}\n"
    assert rules(path, text) == expected


@pytest.mark.parametrize("code, expected", [
    ("auto t = std::chrono::system_clock::now();", "clock"),
    ("auto t = std::chrono::steady_clock::now();", "clock"),
    ("auto t = time(nullptr);", "clock"),
    ("std::this_thread::sleep_for(1s);", "sleep"),
    ("std::random_device device;", "random"),
    ("int x = std::rand();", "random"),
    ("auto* home = std::getenv(\"HOME\");", "environment"),
    ("co_spawn(ex, f(), asio::detached);", "detached"),
    ("thread.detach();", "detached"),
    ("std::hash<int> h;", "hash"),
])
def test_banned_constructs_are_found(code, expected):
    assert rules("src/service/a.cpp", code + "\n") == [expected]
    assert rules("src/service/a.cpp", "// " + code + "\n") == []
    assert rules("src/service/a.cpp", 'auto s = R"x(' + code + ')x";\n') == []


def test_adapters_may_read_the_clock():
    code = "auto t = std::chrono::system_clock::now();\n"
    assert rules("src/adapters/clock_system/clock.cpp", code) == []


def test_using_namespace_is_banned_in_headers_alone():
    assert rules("src/alert/a.hpp", HEADER + "using namespace std;\n") == ["using-namespace"]
    assert rules("src/alert/a.cpp", "using namespace std;\n") == []


@pytest.mark.parametrize("code", [
    "co_await fetch(Request{1, 2});",
    "co_await fetch({.url = u});",
    "auto r = co_await run([p] { use(p); });",
    "co_await co_spawn(ex, [s]() -> awaitable<void> { co_return; }, use_awaitable);",
    "co_await fetch(\n    a,\n    Request{1});",
])
def test_temporaries_that_gcc_12_frees_twice_are_found(code):
    assert rules("src/web/a.cpp", code + "\n") == ["co_await"]


@pytest.mark.parametrize("code", [
    "co_await fetch(std::move(request));",
    "if (auto r = co_await fetch(x); !r) { fail(); }",
    "while (co_await next()) { step(); }",
    "co_await run([] { step(); });",
    "co_await f();\nauto r = Request{1};",
])
def test_harmless_awaits_pass(code):
    assert rules("src/web/a.cpp", code + "\n") == []


@pytest.mark.parametrize("text, expected", [
    ("x\n" * 601, ["file-length"]),
    ("x\n" * 600, []),
    ("/" * 101 + "\n", ["line-length"]),
    ("/" * 100 + "\n", []),
    ("// FIX" "ME later\n", ["marker"]),
    ("// TO" "DO later\n", ["marker"]),
    ("// TO" "DO(#12): later\n", []),
])
def test_text_limits(text, expected):
    assert rules("src/alert/a.cpp", text) == expected


def test_adapters_may_have_a_namespace_of_their_own():
    text = "#pragma once\nnamespace tocsin::{} {{}}\n"
    path = "src/adapters/store_sqlite/a.hpp"
    assert rules(path, text.format("adapters")) == []
    assert rules(path, text.format("store_sqlite")) == []
    assert rules(path, text.format("alert")) == ["namespace"]


def test_headers_are_guarded_and_in_their_namespace():
    assert rules("src/alert/a.hpp", HEADER) == []
    assert rules("src/alert/a.hpp", "namespace tocsin::alert {}\n") == ["pragma-once"]
    assert rules("src/alert/a.hpp", "#pragma once\nnamespace tocsin::check {}\n") == ["namespace"]


def test_own_header_comes_first():
    assert rules("src/alert/a.cpp", '#include "alert/a.hpp"\n#include <vector>\n') == []
    late = '#include <vector>\n#include "alert/a.hpp"\n'
    assert rules("src/alert/a.cpp", late) == ["own-header-first"]


def test_vague_file_names_are_refused():
    assert rules("src/alert/string_utils.cpp", "") == ["vague-name"]
    assert rules("src/alert/commonwealth.cpp", "") == []


def body(lines):
    return "  step();\n" * lines


@pytest.mark.parametrize("head", [
    "void f(int x) {\n",
    "A::A(int x) : a_{x}, b_(x), c_{} {\n",
    "Result<int> f(int x) const noexcept {\n",
    "auto f(std::vector<int> v = {}) -> std::optional<int> {\n",
    "TEST(Suite, Case) {\n",
    "template <typename T>\nvoid f(T x)\n  requires std::integral<T>\n{\n",
    "bool operator==(const A& a, const A& b) {\n",
    "namespace n {\nclass A {\n public:\n  void f() {\n",
])
def test_long_functions_are_found(head):
    close = "}\n}\n}\n" if head.startswith("namespace") else "}\n"
    assert rules("src/alert/a.cpp", head + body(75) + close) == ["function-length"]
    assert rules("src/alert/a.cpp", head + body(60) + close) == []


@pytest.mark.parametrize("text", [
    "const Row kTable[] = {\n" + "    {1, 2},\n" * 90 + "};\n",
    "enum class A {\n" + "  a,\n" * 90 + "};\n",
    "class A {\n" + "  void f() { g(); }\n" * 90 + "};\n",
    'const char* kText = R"(\n' + "void f() {\n" * 90 + ')";\n',
    "void f() {\n" + body(40) + "}\nvoid g() {\n" + body(40) + "}\n",
])
def test_long_things_that_are_no_function_pass(text):
    assert rules("src/alert/a.cpp", text) == []


def cmake(text):
    return [rule for _, rule, _ in tidy.check_cmake("src/x/CMakeLists.txt", text)]


def test_cmake_links_mirror_the_table():
    assert cmake("tocsin_module(NAME alert SOURCES a.cpp DEPS base check)") == []
    assert cmake("tocsin_module(NAME check DEPS base alert)") == ["dependency"]
    assert cmake("tocsin_module(NAME adapters_a DEPS ports adapters_b)") == ["dependency"]
    assert cmake("tocsin_module(NAME adapters_timers_dynamodb DEPS adapters_aws)") == []
    assert cmake("tocsin_module(NAME app DEPS adapters_a web)") == []
