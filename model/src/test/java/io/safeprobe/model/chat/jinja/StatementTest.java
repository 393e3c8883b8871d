package io.safeprobe.model.chat.jinja;

import static io.safeprobe.model.chat.jinja.SampleData.row;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loops, assignments, macros and their scopes. Each row: a template, and what Python's Jinja 3.1 makes of it with {@link SampleData}. */
class StatementTest {
    @ParameterizedTest
    @MethodSource("rows")
    void isAsInPython(SampleData.Row row) {
        assertThat(SampleData.outcome(row.template())).isEqualTo(row.expected());
    }

    private static Stream<SampleData.Row> rows() {
        return Stream.of(
                row("{% for i in l %}{{ i }},{% endfor %}", "3,1,2,"),
                row("{% for i in [] %}x{% else %}none{% endfor %}", "none"),
                row("{% for i in l if i > 1 %}{{ loop.index }}:{{ i }}{{ loop.last }} {% endfor %}", "1:3False 2:2True "),
                row("{% for i in l if i > 5 %}x{% else %}E{% endfor %}", "E"),
                row("{% for a,b in ll %}{{a}}={{b}};{% endfor %}", "a=1;b=2;"),
                row("{% for (a,b) in ll %}{{a}}={{b}};{% endfor %}", "a=1;b=2;"),
                row("{% for a,(b,c) in [[1,[2,3]]] %}{{a}}{{b}}{{c}}{% endfor %}", "123"),
                row("{% for a,b in l %}{% endfor %}", "error: TypeError: cannot unpack non-iterable int object"),
                row("{% for a,b in [[1]] %}{% endfor %}", "error: ValueError: not enough values to unpack (expected 2, got 1)"),
                row("{% for a,b in [[1,2,3]] %}{% endfor %}", "error: ValueError: too many values to unpack (expected 2)"),
                row("{% for a in n %}{% endfor %}", "error: TypeError: 'int' object is not iterable"),
                row("{% for a in nn %}{% endfor %}", "error: TypeError: 'NoneType' object is not iterable"),
                row("{% for a in undef %}x{% else %}y{% endfor %}", "y"),
                row("{% for c in u %}{{c}}.{% endfor %}", "a.\u00e9.\ud83d\ude80.z."),
                row("{% for k in d %}{{k}} {% endfor %}", "b a items c "),
                row("{% for k,v in d.items() %}{{k}}={{v}} {% endfor %}", "b=1 a=[1, 2, {'k': 'v'}] items=I c=None "),
                row("{% for k,v in d|items %}{{k}}={{v}} {% endfor %}", "b=1 a=[1, 2, {'k': 'v'}] items=I c=None "),
                row(
                        "{% for i in l %}{{loop.index}}{{loop.index0}}{{loop.first}}{{loop.last}}{{loop.length}}{{loop.revindex}}{{loop.revindex0}}{{loop.depth}}{{loop.depth0}}|{% endfor %}",
                        "10TrueFalse33210|21FalseFalse32110|32FalseTrue31010|"),
                row("{% for i in l %}{{loop.previtem}}-{{loop.nextitem}}|{% endfor %}", "-1|3-2|1-|"),
                row(
                        "{% for i in l %}{{loop.previtem is defined}}{{loop.nextitem is defined}}|{% endfor %}",
                        "FalseTrue|TrueTrue|TrueFalse|"),
                row("{% for i in l %}{{loop.nextitem.x}}{% endfor %}", "error: UndefinedError: there is no next item"),
                row("{% for i in [1] %}{{loop.nextitem.x}}{% endfor %}", "error: UndefinedError: there is no next item"),
                row("{% for i in l %}{{loop.cycle('a','b')}}{% endfor %}", "aba"),
                row("{% for i in l %}{{loop.cycle()}}{% endfor %}", "error: TypeError: no items for cycling given"),
                row("{% for i in [1,1,2] %}{{loop.changed(i)}}{% endfor %}", "TrueFalseTrue"),
                row("{% for i in l %}{{loop}}{% endfor %}", "<LoopContext 1/3><LoopContext 2/3><LoopContext 3/3>"),
                row("{% for i in l %}{{loop.foo}}{{loop['index']}}{% endfor %}", "123"),
                row(
                        "{% for i in l %}{{loop.foo.x}}{% endfor %}",
                        "error: UndefinedError: 'jinja2.runtime.LoopContext object' has no attribute 'foo'"),
                row("{% for i in l %}{% for j in l %}{{loop.index}}{% endfor %}{{loop.index}}{% endfor %}", "123112321233"),
                row("{% for i in l %}{% if i==1 %}{% break %}{% endif %}{{i}}{% endfor %}", "3"),
                row("{% for i in l %}{% if i==1 %}{% continue %}{% endif %}{{i}}{% endfor %}", "32"),
                row("{% for i in l %}{% break %}{% else %}E{% endfor %}", "E"),
                row("{% for i in l %}{% continue %}{% else %}E{% endfor %}", "E"),
                row("{% for i in range(3) %}{% set x = i %}{{x}}{% endfor %}{{x}}", "0122.5"),
                row("{% set a = 0 %}{% for i in l %}{% set a = a + i %}{{a}} {% endfor %}{{a}}", "3 1 2 0"),
                row("{% set ns = namespace(a=0) %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ns.a}}", "6"),
                row("{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns.x|length }}", "1"),
                row("{% set d.x = 1 %}", "error: TemplateRuntimeError: cannot assign attribute on non-namespace object"),
                row("{% set undef.x = 1 %}", "error: TemplateRuntimeError: cannot assign attribute on non-namespace object"),
                row("{% set a, b = 1, 2 %}{{a}}{{b}}", "12"),
                row("{% set a, b = [1] %}", "error: ValueError: not enough values to unpack (expected 2, got 1)"),
                row("{% set a, b = l %}", "error: ValueError: too many values to unpack (expected 2)"),
                row("{% set a, b = 5 %}", "error: TypeError: cannot unpack non-iterable int object"),
                row("{% set a = 1, 2 %}{{a}}", "(1, 2)"),
                row("{% set a %}x{{ 1 }}{% endset %}[{{a}}]", "[x1]"),
                row("{% set a | upper %}x{{ 'y' }}{% endset %}[{{a}}]", "[XY]"),
                row("{% set a | upper | replace('X','z') %}x{% endset %}{{a}}", "z"),
                row("{% set a %}{% set b = 1 %}{% endset %}{{b}}", ""),
                row("{% if true %}{% set q = 1 %}{% endif %}{{q}}", "1"),
                row("{% if false %}{% set n = 1 %}{% endif %}{{n}}", "7"),
                row("{% set n = n + 1 %}{{n}}", "8"),
                row("{% with a=1, b=2 %}{{a}}{{b}}{% endwith %}{{a}}", "12"),
                row("{% with %}{% set z=1 %}{{z}}{% endwith %}{{z}}", "1"),
                row("{% with n=1, m=n %}{{m}}{% endwith %}", "7"),
                row("{% filter upper %}a{{ 'b' }}{% endfilter %}", "AB"),
                row("{% filter replace('a','b')|upper %}a{% endfilter %}", "B"),
                row(
                        "{% macro m(a,b=2,c=a) %}{{a}}{{b}}{{c}}{% endmacro %}{{m(1)}} {{m(1,3)}} {{m(1,c=5)}} {{m(a=9)}} {{m()}}",
                        "121 131 125 929 2"),
                row("{% macro m(a) %}{{a.x}}{% endmacro %}{{m()}}", "error: UndefinedError: parameter 'a' was not provided"),
                row("{% macro m(a) %}{{a is defined}}{% endmacro %}{{m()}}", "False"),
                row("{% macro m(a) %}{% endmacro %}{{m(1,2)}}", "error: TypeError: macro 'm' takes not more than 1 argument(s)"),
                row("{% macro m(a) %}{% endmacro %}{{m(b=2)}}", "error: TypeError: macro 'm' takes no keyword argument 'b'"),
                row("{% macro m(a) %}{{varargs}}{{kwargs}}{% endmacro %}{{m(1,2,3,z=4)}}", "(2, 3){'z': 4}"),
                row("{% macro m() %}<{{caller()}}>{% endmacro %}{% call m() %}x{{n}}{% endcall %}", "<x7>"),
                row("{% macro m() %}<{{caller(1,2)}}>{% endmacro %}{% call(a,b) m() %}{{a}}{{b}}{% endcall %}", "<12>"),
                row("{% macro m() %}<{{caller()}}>{% endmacro %}{{m()}}", "error: UndefinedError: No caller defined"),
                row("{% macro m() %}{% if caller %}c{% else %}n{% endif %}{% endmacro %}{{m()}}{% call m() %}{% endcall %}", "nc"),
                row(
                        "{% macro m() %}x{% endmacro %}{% call m() %}{% endcall %}",
                        "error: TypeError: macro 'm' was invoked with two values for the special caller argument. This is most likely a bug."),
                row("{% call upper() %}{% endcall %}", "error: UndefinedError: 'upper' is undefined"),
                row("{% macro m(a) %}{% if a > 0 %}{{a}}{{m(a-1)}}{% endif %}{% endmacro %}{{m(3)}}", "321"),
                row("{% set v = 1 %}{% macro m() %}{{v}}{% endmacro %}{% set v = 2 %}{{m()}}", "2"),
                row("{% macro m() %}{{v}}{% endmacro %}{% set v = 2 %}{{m()}}", "2"),
                row("{% macro m() %}{% set v = 5 %}{{v}}{% endmacro %}{{m()}}{{v}}", "5"),
                row("{% for i in l %}{% macro m() %}{{i}}{% endmacro %}{{m()}}{% endfor %}", "312"),
                row("{% macro m(n) %}{{n}}{% endmacro %}{{m(1)}}{{n}}", "17"),
                row("{% macro m() %}x{% endmacro %}{{ m() ~ 'y' }}{{ m()|upper }}{{ m()|length }}{{ m }}", "xyX1<Macro 'm'>"),
                row("{% macro m() %}{% endmacro %}{{ m.name }}{{ m.foo }}", "m"),
                row(
                        "{% macro m() %}{% endmacro %}{{ m.foo.x }}",
                        "error: UndefinedError: 'jinja2.runtime.Macro object' has no attribute 'foo'"),
                row("{% macro m() %}{{ undef.y }}{% endmacro %}{{ m() }}", "error: UndefinedError: 'undef' is undefined"),
                row("{% generation %}a{% set zz=1 %}{{zz}}{% endgeneration %}{{zz}}", "a1"),
                row(
                        "{% for m in messages %}{% generation %}{{ loop.index }}{{ m.role }}{% endgeneration %}{% endfor %}",
                        "1user2assistant3user"),
                row("{% set loop = 1 %}{{loop}}", "1"),
                row("{% for i in d.items() %}{{ i[0] }}{% endfor %}", "baitemsc"),
                row("{% for i in l|map('string') %}{{ loop.length }}{{ loop.last }}{{ i }} {% endfor %}", "3False3 3False1 3True2 "),
                row("{% set g = l|map('string') %}{{ g|join }}{{ g|join }}|", "312|"),
                row("{% set g = l|select %}{% for i in g %}{{i}}{% endfor %}{% for i in g %}{{i}}{% else %}E{% endfor %}", "312E"),
                row(
                        "{% set ns=namespace(done=false) %}{% for i in [1,2,3] if not ns.done %}{{i}}{% if i==2 %}{% set ns.done=true %}{% endif %}{% endfor %}",
                        "12"),
                row(
                        "{% set ns=namespace(done=false) %}{% for i in [1,2,3] if not ns.done %}{{i}}{{loop.last}}{% if i==2 %}{% set ns.done=true %}{% endif %}{% endfor %}",
                        "1False2False3True"),
                row("{% set j = joiner(',') %}{% for i in l %}{{ j() }}{{i}}{% endfor %}", "3,1,2"),
                row(
                        "{% set c = cycler('a','b') %}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.reset() }}{{ c.current }}",
                        "abaaNonea"),
                row(
                        "{% set x = {'a':1} %}{{ x.update({'b':2}) }}",
                        "error: SecurityError: access to attribute 'update' of 'dict' object is unsafe."),
                row(
                        "{{ messages[0].role == 'user' }}{{ messages[-1]['content'] is none }}{{ messages[1:]|length }}{{ messages[::-1][0].role }}",
                        "TrueTrue2user"),
                row(
                        "{%- for m in messages -%}\n  {{- '<|' + m['role'] + '|>\\n' + (m['content'] or '') -}}\n{%- endfor %}\n",
                        "<|user|>\nHi there<|assistant|>\n Ok \u00e9\ud83d\ude80 <|user|>\n"),
                row("{% for m in messages %}{{ m.content|length }}{% endfor %}", "error: TypeError: object of type 'NoneType' has no len()"),
                row("{% set a = [1,2,3] %}{% set a = a + [4] %}{{ a[1:-1] }}", "[2, 3]"),
                row("{% set x = 'a' if t else 'b' %}{{x}}", "a"),
                row("{% for x in 1,2,3 %}{{x}}{% endfor %}", "123"),
                row("{% for x in l if x if true else false %}{{x}}{% endfor %}", "312"),
                row("{% for x in (l if t else []) %}{{x}}{% endfor %}", "312"),
                row("{{ loop.index }}{% for i in l %}{% endfor %}", "error: UndefinedError: 'loop' is undefined"),
                row("{% for i in l %}{% if loop.first %}F{% endif %}{% if not loop.last %},{% endif %}{% endfor %}", "F,,"),
                row("{% set x=1 %}{% for i in [1,2] %}{{x}}{% set x=x+1 %}{{x}}{% endfor %}{{x}}", "12121"),
                row(
                        "{{ self }}|{{ self.x }}|{{ self['x'] }}|{{ self is defined }}|{{ self is callable }}|{{ self|length if not self else 1 }}",
                        "<TemplateReference None>|||True|False|1"),
                row("{{ self.x.y }}", "error: UndefinedError: 'jinja2.runtime.TemplateReference object' has no attribute 'x'"),
                row("{{ self.x() }}", "error: UndefinedError: 'jinja2.runtime.TemplateReference object' has no attribute 'x'"),
                row("{% macro m() %}{{ self.DEFAULT }}.{% endmacro %}{{ m() }}", "."),
                row("{% set self = 1 %}{{ self }}", "1"),
                row("{{ self ~ [self] }}", "<TemplateReference None>[<TemplateReference None>]"),
                row(
                        "{% set ns = namespace(a=1) %}{% set ns.a = [ns] %}{{ ns }}{{ ns }}",
                        "<Namespace {'a': [<Namespace {...}>]}><Namespace {'a': [<Namespace {...}>]}>"),
                row(
                        "{% macro m(a, b=1) %}{{ varargs }}{% endmacro %}{{ m.name }} {{ m.arguments }} {{ m.catch_varargs }} {{ m.catch_kwargs }} {{ m.caller }} {{ m.other }}",
                        "m ('a', 'b') True False False "),
                row(
                        "{% macro m() %}{{ caller() }}{{ kwargs }}{% endmacro %}{{ m.arguments }} {{ m.catch_varargs }} {{ m.catch_kwargs }} {{ m.caller }}",
                        "() False True True"));
    }
}
