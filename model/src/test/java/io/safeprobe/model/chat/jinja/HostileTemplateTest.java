package io.safeprobe.model.chat.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates that mean harm end in a {@link TemplateException}, soon, and reach nothing. */
class HostileTemplateTest {
    /** Far above what any of them takes, for a machine with other work to do. */
    private static final Duration SOON = Duration.ofSeconds(60);

    private static String outcome(String template) {
        return assertTimeoutPreemptively(SOON, () -> SampleData.outcome(template));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{% for i in range(100000) %}{% for j in range(100000) %}{% for k in range(100000) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
        "{% for i in range(100000) %}{% set x = range(100000)|list %}{% endfor %}",
        "{% set l = range(100000)|list %}{% for i in l %}{{ 99999 in l }}{% endfor %}",
        "{{ [1] * 10**12 }}",
        "{{ [1]|batch(10**12, 'x')|list }}",
        "{{ [1]|slice(10**12)|list }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}"
            + "{% endfor %}{{ ns.x == ns.y }}",
    })
    void tooManySteps(String template) {
        assertThat(outcome(template)).isEqualTo("error: LimitError: more than 3000000 steps");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{{ 'a' * 10**12 }}",
        "{{ 'a'.center(10**12) }}",
        "{{ ''.zfill(10**12) }}",
        "{{ 'a\nb'|indent(10**12) }}",
        "{{ '\t'.expandtabs(10**15) }}",
        "{{ '%999999999999d' % 1 }}",
        "{{ '%*d' % (10**12, 1) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ [[1]]|tojson(indent=10**9) }}",
        "{{ ('a' * 10000000).replace('', 'xxxxxxxxxx') }}",
        "{{ ('<' * 10000000)|e }}",
        "{% for i in range(100000) %}{{ 'a' * 1000 }}{% endfor %}",
        "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x=['aaaaaaaaaaaaaaaaaaaaaaaaaaaa']) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
            + "{{ ns.x }}",
    })
    void tooLongATextIsRefusedBeforeItIsMade(String template) {
        assertThat(outcome(template)).isEqualTo("error: LimitError: a text longer than 33554432 characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{{ ('a' * 1000000).find('a' * 500000 ~ 'b') }}",
        "{{ ('a' * 3000000).strip(('b' * 3000000) ~ 'a') }}",
        "{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s[0] }}{% endfor %}",
    })
    void tooMuchText(String template) {
        assertThat(outcome(template)).isEqualTo("error: LimitError: more than 268435456 characters handled");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ m() ~ 'x' }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{% call m() %}{% endcall %}{{ caller }}{% endmacro %}{% call m() %}{% endcall %}",
        "{% set ns = namespace(x=1) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=1) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x|tojson }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100000) %}{% set ns.x = ns.x|map('string') %}{% endfor %}{{ ns.x|list }}",
    })
    void tooDeep(String template) {
        // Which of the two is met first depends on the thread's stack.
        assertThat(outcome(template)).isIn(
                "error: LimitError: nesting or recursion deeper than 600 levels",
                "error: LimitError: nesting deeper than the stack of this thread allows");
    }

    /** What Java does slowly or at length where Python does not: each ends, whatever it gives. */
    @ParameterizedTest
    @ValueSource(strings = {
        "{{ ('\u00df' * 4000000)|upper|length }}",
        "{{ ('\u0130' * 4000000)|lower|length }}",
        "{{ ('\u03a3' * 1000000)|lower|length }}",
        "{{ ('\u0149' * 1000000)|capitalize|length }}",
        "{{ ('\u00df' * 1000000)|title|length }}",
        "{{ ('\u00df' * 1000000).swapcase()|length }}",
        "{{ ('\u1e9e' * 1000000).casefold()|length }}",
        "{{ ('\ud83d\ude80' * 1000000)[::-1]|length }}",
        "{{ strftime_now('%c' * 100000)|length }}",
        "{{ ('1' * 5000000)|int }}",
        "{{ ('1' * 5000000)|float }}",
        "{{ ('9' * 300)|float }} {{ 1e400 }} {{ (1e308 * 10)|int }}",
        "{{ '%.2000f' % 1.5 }}{{ '{:.400e}'.format(1e308) }}",
        "{{ 1.5|round(2**40) }}{{ 1|round(-400) }}",
        "{{ ('{{' * 10000000).format(1)|length }}",
        "{{ ('%' * 10000001) % () }}",
        "{{ ('a' * 3000000).split('aaaaaaaaaaaaaaaaaaaaaaaaaaaaab')|length }}",
        "{{ [1, 2, 3][-9223372036854775807:2:9223372036854775807] }}{{ 'abc'[::-9223372036854775807] }}",
        "{% set ns = namespace(x=()) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
        "{% set ns = namespace(x=()) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ [ns.x, ns.x]|unique|list|length }}",
        "{% set ns = namespace() %}{% set ns.a = (ns,) %}{{ {ns.a: 1} }}",
        "{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns.a == ns.a }}{{ ns.a }}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% set x = 'b' * 1000000 %}{% set d = {x: 1} %}{% for i in range(100000) %}{% set y = d[x] %}{% endfor %}",
        "{% set x = 'b' * 1000000 %}{% set y = 'b' * 999999 ~ 'b' %}{% for i in range(10000) %}{{ x == y }}{% endfor %}",
        "{% set x = 'b' * 10000000 %}{% for i in range(100000) %}{% set y = x.isalpha() and x is lower %}{% endfor %}",
        "{% set x = (' ' * 10000000) ~ '1' %}{% for i in range(1000) %}{% set y = x|int %}{% endfor %}",
        "{{ ['\\x01' * 5000000]|string|length }}{{ ('\\x01' * 5000000)|tojson|length }}",
        "{% set x = 'b' * 10000000 %}{% for i in range(1000) %}{% set y = x|int + x|float %}{% endfor %}",
        "{% set s = '\ud83d\ude80' * 100000 %}{% for i in range(100000) %}{{ s[i] }}{% endfor %}",
    })
    void endsSoonWhateverItGives(String template) {
        assertThat(outcome(template)).isNotNull();
    }

    private static Stream<String> towers() {
        int n = 100_000;
        return Stream.of(
                "{{ " + "(".repeat(n) + "1" + ")".repeat(n) + " }}",
                "{{ " + "[".repeat(n) + " }}",
                "{{ " + "{1:".repeat(n) + " }}",
                "{{ " + "-".repeat(n) + "1 }}",
                "{{ " + "not ".repeat(n) + "1 }}",
                "{{ 1" + "+1".repeat(n) + " }}",
                "{{ x" + ".a".repeat(n) + " }}",
                "{{ ''" + "|trim".repeat(n) + " }}",
                "{{ ''" + "[0]".repeat(n) + " }}",
                "{{ 1 " + "if 1 else 1 ".repeat(n) + "}}",
                "{% for " + "(".repeat(n) + "x" + ")".repeat(n) + " in y %}{% endfor %}",
                "{% if 1 %}".repeat(n),
                "{% if 1 %}".repeat(n) + "{% endif %}".repeat(n),
                "{% generation %}".repeat(n),
                "{{ a" + "()".repeat(n) + " }}",
                "{{ " + "a(".repeat(n) + " }}",
                "{{ " + "x or (".repeat(n) + " }}");
    }

    @ParameterizedTest
    @MethodSource("towers")
    void towersOfSyntax(String template) {
        assertThat(outcome(template)).containsAnyOf("LimitError", "UndefinedError");
    }

    @Test
    void aRangeIsBoundedAsInJinjasSandbox() {
        assertThat(outcome("{{ range(10**12) }}"))
                .isEqualTo("error: OverflowError: Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
        assertThat(outcome("{{ range(0 - 2**62, 2**62, 3)|list }}")).startsWith("error: OverflowError: Range too big.");
        assertThat(outcome("{{ range(0 - 2**62, 2**62, 2**60)[::3]|list }}")).startsWith("error: OverflowError");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2**64", "9223372036854775807 + 1", "(-9223372036854775807 - 1) // -1", "(-9223372036854775807 - 1)|abs",
        "-(-9223372036854775807 - 1)", "99999999999999999999", "10**10**10", "3037000500 * 3037000500", "1e300|int(5) // '9' * 20"})
    void intsRefuseToOverflow(String expression) {
        assertThat(outcome("{{ " + expression + " }}")).containsAnyOf("OverflowError: an int of this template engine", "TypeError");
    }

    @Test
    void intsUpToTheirBoundAreExact() {
        assertThat(outcome("{{ 9223372036854775807 }} {{ -9223372036854775807 - 1 }} {{ 3037000499 * 3037000499 }}"))
                .isEqualTo("9223372036854775807 -9223372036854775808 9223372030926249001");
    }

    @ParameterizedTest
    @ValueSource(strings = {"''.__class__.__mro__", "[].__class__.__base__", "{}.__class__.x", "1.__class__.x", "''['__class__']['__mro__']",
        "(''|attr('__class__'))|attr('__mro__')", "'{0.__class__.__mro__}'.format('')", "messages.append(1)", "messages.clear()",
        "d.update({'x': 1})", "d.pop('b')", "d['setdefault']('x', 1)", "l.sort()", "messages[0].popitem()"})
    void whatTheSandboxForbidsIsRefused(String expression) {
        assertThat(outcome("{{ " + expression + " }}")).matches("error: SecurityError: access to attribute '\\w+' of '\\w+' object is unsafe\\."
                + "|error: TemplateSyntaxError: .*");
    }

    @ParameterizedTest
    @ValueSource(strings = {"class", "getClass", "hashCode", "toString", "text", "value", "items_", "entries", "definition", "scope", "size",
        "stream", "forEach", "advance", "attributes", "body"})
    void noJavaMemberIsSeen(String name) {
        for (String subject : List.of("s", "n", "x", "t", "l", "d", "nn", "range(3)", "namespace()", "range", "d.items()", "loop", "joiner()")) {
            String template = "{% for loop_ in [1] %}{{ (" + subject + ")." + name + " is defined }}{% endfor %}";
            assertThat(outcome(template)).as(template).isEqualTo("False");
            String subscript = "{% for loop_ in [1] %}{{ (" + subject + ")['" + name + "'] is defined }}{% endfor %}";
            assertThat(outcome(subscript)).as(subscript).isEqualTo("False");
        }
    }

    @Test
    void theCallersDataStaysAsItIs() {
        Map<String, @Nullable Object> variables = SampleData.variables();
        ChatTemplate.parse("{% set messages = messages + [1] %}{% set n = 8 %}{% set ns = namespace(d) %}{% set ns.b = 5 %}{{ d.b }}")
                .render(variables);
        assertThat(variables).isEqualTo(SampleData.variables());
    }

    @Test
    void aThreadWithASmallStackGetsTheSameException() throws InterruptedException {
        String[] outcome = new String[1];
        Thread thread = new Thread(null, () -> outcome[0] = SampleData.outcome(
                "{% macro m() %}{{ m() ~ 'x' }}{% endmacro %}{{ m() }}"), "small stack", 256 << 10);
        thread.start();
        thread.join();
        assertThat(outcome[0]).startsWith("error: LimitError: nesting ");
    }

    @Test
    void theBoundsCanBeSmall() {
        ChatTemplate template = ChatTemplate.parse("{% for i in range(n) %}xx{% endfor %}");
        Limits limits = new Limits(1000, 1000, 100, 50);
        assertThat(template.render(Map.of("n", 50), limits).text()).hasSize(100);
        assertThat(limitOf(template, 51, limits)).isEqualTo("a text longer than 100 characters");
        assertThat(limitOf(template, 51, new Limits(100, 1000, 1000, 50))).isEqualTo("more than 100 steps");
        assertThat(limitOf(template, 501, new Limits(10_000, 1000, 10_000, 50))).isEqualTo("more than 1000 characters handled");
        assertThat(limitOf(template, 1, new Limits(1000, 1000, 100, 1))).isEqualTo("nesting or recursion deeper than 1 levels");
    }

    private static String limitOf(ChatTemplate template, int n, Limits limits) {
        try {
            return template.render(Map.of("n", n), limits).text();
        } catch (TemplateException e) {
            assertThat(e.kind()).isEqualTo("LimitError");
            return e.rawMessage();
        }
    }
}
