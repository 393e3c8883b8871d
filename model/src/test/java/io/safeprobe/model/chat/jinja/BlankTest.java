package io.safeprobe.model.chat.jinja;

import static io.safeprobe.model.chat.jinja.SampleData.row;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Text between tags and what becomes of its blanks. Each row: a template, and what Python's Jinja 3.1 makes of it with {@link SampleData}. */
class BlankTest {
    @ParameterizedTest
    @MethodSource("rows")
    void isAsInPython(SampleData.Row row) {
        assertThat(SampleData.outcome(row.template())).isEqualTo(row.expected());
    }

    private static Stream<SampleData.Row> rows() {
        return Stream.of(
                row("{{ '{{}}'.format() }}", "{}"),
                row("a\n", "a"),
                row("a\n\n", "a\n"),
                row("a\r\nb\r\n", "a\nb"),
                row("{% if true %}\nx\n{% endif %}\ny", "x\ny"),
                row("  {% if true %}\n  x\n  {% endif %}\n  y", "  x\n  y"),
                row("a  {%- if true -%}  x  {%- endif -%}  b", "axb"),
                row("a\n  {{- 1 -}}\n  b", "a1b"),
                row("a\n  {{ 1 }}\n  b", "a\n  1\n  b"),
                row("a {%+ if true %} x {% endif %} b", "a  x  b"),
                row("  {%+ if true +%}\n x {%- endif +%}\n b", "  \n x\n b"),
                row("{# c #}\nx", "x"),
                row("  {# c #}\n  x", "  x"),
                row("a {#- c -#} b", "ab"),
                row("a {# c +#}\nb", "a \nb"),
                row("{#{{ x }}#}z", "z"),
                row("{#-#}x", "x"),
                row("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
                row("{% raw -%}  {{ x }}  {%- endraw %} y", "{{ x }} y"),
                row(" {% raw %} {% x %} {% endraw %}\n y", " {% x %}  y"),
                row("{%- raw -%} a {% endraw -%}  b", "a b"),
                row("{{ '%}' }}{% if '%}' == '%}' %}y{% endif %}", "%}y"),
                row("a{", "a{"),
                row("{", "{"),
                row("{ { x } }", "{ { x } }"),
                row("}} %}", "}} %}"),
                row("\n\n{{ undef.x }}", "error: UndefinedError: 'undef' is undefined"),
                row("line1\nline2\n{{ 1/0 }}", "error: ZeroDivisionError: division by zero"),
                row("{% print 1 %}", "1"),
                row("{% print 1, 'a' %}", "1a"),
                row("{% if 1 %}a{% elif 2 %}b{% else %}c{% endif %}", "a"),
                row("{% if 0 %}a{% elif 2 %}b{% else %}c{% endif %}", "b"),
                row("{% if 0 %}a{% elif 0 %}b{% else %}c{% endif %}", "c"),
                row("{% if undef %}a{% else %}b{% endif %}", "b"),
                row("{% if l and d and not e %}a{% endif %}", "a"),
                row("{% if f %}{{ s|nofilter }}{% endif %}ok", "ok"),
                row("{% if t %}{{ s|nofilter }}{% endif %}ok", "error: TemplateRuntimeError: No filter named 'nofilter' found."),
                row("{{ 'b' in d.keys() }}{{ 1 in d.values() }}{{ ('b',1) in d.items() }}", "TrueTrueTrue"),
                row("{{- ' a' -}} b", " ab"),
                row("{{+ 1 }}", "1"),
                row("{% if t %}x{% endif %}\n\n\ny", "x\n\ny"),
                row("x {% if t %}\n{% endif %}\n", "x "),
                row("\n{% if t %}\n\n{% endif %}\n\n", "\n\n"),
                row("\t{% set a=1 %}\t\n{{a}}", "\t\n1"),
                row("a\n\t {%- set a=1 %}b", "ab"),
                row("{%if t%}x{%endif%}", "x"),
                row("{{n}}{{s}}", "7Hello, World"),
                row("{% if t -%}\n\n  x\n{%- endif %}", "x"),
                row("{% for i in l -%}\n {{ i }}\n{%- endfor %}", "312"),
                row("{{ ('a','b')|join }}{{ ['a','b']|join(',') }}", "aba,b"),
                row("{% if t: %}x{% endif %}", "x"),
                row("{% macro f(x) -%}\n [{{ x }}]\n{%- endmacro -%}\n{{ f('a') }}{{ f(f('b')) }}", "[a][[b]]"));
    }
}
