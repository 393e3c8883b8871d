package io.safeprobe.model.chat.jinja;

import static io.safeprobe.model.chat.jinja.SampleData.row;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is not a template, in the words of Jinja. Each row: a template, and what Python's Jinja 3.1 makes of it with {@link SampleData}. */
class SyntaxErrorTest {
    @ParameterizedTest
    @MethodSource("rows")
    void isAsInPython(SampleData.Row row) {
        assertThat(SampleData.outcome(row.template())).isEqualTo(row.expected());
    }

    private static Stream<SampleData.Row> rows() {
        return Stream.of(
                row("{{ 5. }}", "error: TemplateSyntaxError: expected name or number"),
                row("{{ s|nofilter }}", "error: TemplateAssertionError: No filter named 'nofilter'."),
                row("{{ s is notest }}", "error: TemplateAssertionError: No test named 'notest'."),
                row("{{ s is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ e is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ l is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ d is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ n is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ x is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ nn is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ undef is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ t is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ f is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ (1,) is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ range(3) is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ d.items() is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ namespace() is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ range is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ (l|map('x')) is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ 'upper' is == 7 }}", "error: TemplateSyntaxError: expected token 'name', got '=='"),
                row("{{ 1 is 1 }}", "error: TemplateSyntaxError: expected token 'name', got 'integer'"),
                row("{{ s is string is defined }}", "error: TemplateSyntaxError: You cannot chain multiple tests with is"),
                row("{{ x is defined if t else 3 }}", "error: TemplateSyntaxError: expected token 'end of print statement', got 't'"),
                row("{{ [ }}", "error: TemplateSyntaxError: unexpected '}', expected ']'"),
                row("{{ {'a'} }}", "error: TemplateSyntaxError: expected token ':', got '}'"),
                row("{{ {'a':} }}", "error: TemplateSyntaxError: unexpected '}'"),
                row("{{ 1 + }}", "error: TemplateSyntaxError: unexpected 'end of print statement'"),
                row("{{ * 1 }}", "error: TemplateSyntaxError: unexpected '*'"),
                row("{{ foo bar }}", "error: TemplateSyntaxError: expected token 'end of print statement', got 'bar'"),
                row("{{ 'abc }}", "error: TemplateSyntaxError: unexpected char \"'\" at 3"),
                row("{{ f( }}", "error: TemplateSyntaxError: unexpected '}', expected ')'"),
                row("{{ f(a=1,2) }}", "error: TemplateSyntaxError: invalid syntax for function call expression"),
                row("{{ f(*[1],*[2]) }}", "error: TemplateSyntaxError: invalid syntax for function call expression"),
                row("{{ x y }}", "error: TemplateSyntaxError: expected token 'end of print statement', got 'y'"),
                row("{{ 1 2 }}", "error: TemplateSyntaxError: expected token 'end of print statement', got 'integer'"),
                row("{{ a. }}", "error: TemplateSyntaxError: expected name or number"),
                row("{{ a[ }}", "error: TemplateSyntaxError: unexpected '}', expected ']'"),
                row("{{ a| }}", "error: TemplateSyntaxError: expected token 'name', got 'end of print statement'"),
                row("{{ a is }}", "error: TemplateSyntaxError: expected token 'name', got 'end of print statement'"),
                row("{{ not }}", "error: TemplateSyntaxError: unexpected 'end of print statement'"),
                row("{{ '\\x4' }}", "error: TemplateSyntaxError: truncated \\xXX escape"),
                row("{{ '\\u12' }}", "error: TemplateSyntaxError: truncated \\uXXXX escape"),
                row("{{ '\\N{bad}' }}", "error: TemplateSyntaxError: unknown Unicode character name"),
                row("{{ s|trim|nof }}", "error: TemplateAssertionError: No filter named 'nof'."),
                row("{{ 'a' 1 }}", "error: TemplateSyntaxError: expected token 'end of print statement', got 'integer'"),
                row("{{ 1..x }}", "error: TemplateSyntaxError: expected name or number"),
                row("{{ $ }}", "error: TemplateSyntaxError: unexpected char '$' at 3"),
                row("{{ a ? b }}", "error: TemplateSyntaxError: unexpected char '?' at 5"),
                row("{{ a & b }}", "error: TemplateSyntaxError: unexpected char '&' at 5"),
                row("{{ !a }}", "error: TemplateSyntaxError: unexpected char '!' at 3"),
                row("{{ a = 1 }}", "error: TemplateSyntaxError: expected token 'end of print statement', got '='"),
                row("{{ @ }}", "error: TemplateSyntaxError: unexpected char '@' at 3"),
                row("{# a", "error: TemplateSyntaxError: Missing end of comment tag"),
                row("{% raw %}abc", "error: TemplateSyntaxError: Missing end of raw directive"),
                row(
                        "{% if x %}",
                        "error: TemplateSyntaxError: Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'."),
                row("{% endif %}", "error: TemplateSyntaxError: Encountered unknown tag 'endif'."),
                row("{% if %}a{% endif %}", "error: TemplateSyntaxError: Expected an expression, got 'end of statement block'"),
                row("{% for %}", "error: TemplateSyntaxError: Expected an expression, got 'end of statement block'"),
                row(
                        "{% for x in l %}",
                        "error: TemplateSyntaxError: Unexpected end of template. Jinja was looking for the following tags: 'endfor' or 'else'. The innermost block that needs to be closed is 'for'."),
                row("{% foo %}", "error: TemplateSyntaxError: Encountered unknown tag 'foo'."),
                row(
                        "{% if t %}{% else %}{% elif f %}{% endif %}",
                        "error: TemplateSyntaxError: Encountered unknown tag 'elif'. Jinja was looking for the following tags: 'endif'. The innermost block that needs to be closed is 'if'."),
                row("{% do x %}", "error: TemplateSyntaxError: Encountered unknown tag 'do'."),
                row("{%", "error: TemplateSyntaxError: tag name expected"),
                row("{{", "error: TemplateSyntaxError: unexpected 'end of template'"),
                row("{{ ", "error: TemplateSyntaxError: unexpected 'end of template'"),
                row("{% if", "error: TemplateSyntaxError: unexpected 'end of template'"),
                row("{% if t", "error: TemplateSyntaxError: unexpected end of template, expected 'end of statement block'."),
                row("{{ 1 }", "error: TemplateSyntaxError: unexpected '}'"),
                row("{{ (1 }}", "error: TemplateSyntaxError: unexpected '}', expected ')'"),
                row("{{ (1] }}", "error: TemplateSyntaxError: unexpected ']', expected ')'"),
                row("{{ ) }}", "error: TemplateSyntaxError: unexpected ')'"),
                row("{% call 1 %}{% endcall %}", "error: TemplateSyntaxError: expected call"),
                row("{% macro m(a=1,b) %}{% endmacro %}", "error: TemplateSyntaxError: non-default argument follows default argument"),
                row("{% macro 1() %}{% endmacro %}", "error: TemplateSyntaxError: expected token 'name', got 'integer'"),
                row("{% macro m %}{% endmacro %}", "error: TemplateSyntaxError: expected token '(', got 'end of statement block'"),
                row(
                        "{% generation %}x",
                        "error: TemplateSyntaxError: Unexpected end of template. Jinja was looking for the following tags: 'endgeneration'. The innermost block that needs to be closed is 'generation'."),
                row(
                        "{% for loop in l %}{% endfor %}",
                        "error: TemplateAssertionError: Can't assign to special loop variable in for-loop target"),
                row("{% for x.y in l %}{% endfor %}", "error: TemplateSyntaxError: expected token 'in', got '.'"),
                row("{% set 1 = 2 %}", "error: TemplateSyntaxError: can't assign to 'const'"),
                row("{% set none = 2 %}", "error: TemplateSyntaxError: can't assign to 'const'"),
                row("{% set a.b.c = 2 %}", "error: TemplateSyntaxError: expected token 'end of statement block', got '.'"),
                row("{% set a[0] = 2 %}", "error: TemplateSyntaxError: expected token 'end of statement block', got '['"),
                row("{% set a = %}", "error: TemplateSyntaxError: Expected an expression, got 'end of statement block'"),
                row("{% set %}", "error: TemplateSyntaxError: Expected an expression, got 'end of statement block'"),
                row("{{ 1 +}}", "error: TemplateSyntaxError: unexpected 'end of print statement'"),
                row("{% if 1 if t else 0 %}a{% endif %}", "error: TemplateSyntaxError: expected token 'end of statement block', got 'if'"));
    }
}
