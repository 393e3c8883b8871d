package io.safeprobe.model.chat.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever the text, parsing and rendering end, and in nothing but a text or a {@link TemplateException}. */
class RandomTemplateTest {
    private static final Limits SMALL = new Limits(20_000, 200_000, 50_000, 300);

    private static final List<String> PIECES = List.of("{{", "}}", "{%", "%}", "{#", "#}", "{{-", "-}}", "{%-", "-%}", "{%+", "\n", " ", "  ",
            "if", "elif", "else", "endif", "for", "in", "endfor", "set", "endset", "macro", "endmacro", "call", "endcall", "filter", "endfilter",
            "with", "endwith", "generation", "endgeneration", "raw", "endraw", "break", "continue", "not", "and", "or", "is", "defined", "none",
            "true", "x", "y", "m", "s", "d", "l", "n", "messages", "loop", "namespace", "range", "dict", "(", ")", "[", "]", "{", "}", ",", ":", ".",
            "|", "=", "==", "<", "+", "-", "*", "**", "/", "//", "%", "~", "0", "1", "9", "2.5", "'a'", "\"b\"", "''", "'%s'", "'{}'", "upper", "trim",
            "join", "list", "map", "select", "length", "tojson", "sort", "batch", "slice", "replace", "format", "indent", "int", "items", "split",
            "\\", "'", "\"", "\ud83d\ude80", "\u00e9");

    private static void endsWell(String template) {
        try {
            Rendered rendered = ChatTemplate.parse(template).render(SampleData.variables(), SMALL);
            assertThat(rendered.text().length()).isLessThanOrEqualTo(50_000);
            assertThat(rendered.generationSpans()).allMatch(s -> s.end() <= rendered.text().length());
        } catch (TemplateException e) {
            assertThat(e.line()).isBetween(1, (int) template.chars().filter(c -> c == '\n' || c == '\r').count() + 1);
            assertThat(e.rawMessage()).isNotEmpty();
        }
    }

    @Property(tries = 2000, seed = "1")
    void anyText(@ForAll String template) {
        endsWell(template);
    }

    @Property(tries = 1500, seed = "2")
    void anyExpression(@ForAll("pieces") String inside) {
        endsWell("{{ " + inside + " }}");
    }

    @Property(tries = 2000, seed = "3")
    void anyTemplate(@ForAll("pieces") String template) {
        endsWell(template);
    }

    @Property(tries = 1500, seed = "4")
    void anyStatements(@ForAll("statements") String template) {
        endsWell(template);
    }

    @Property(tries = 1000, seed = "5")
    void plainTextIsItself(@ForAll String text) {
        String plain = text.replace("{", "").replace('\r', '\n');
        String expected = plain.endsWith("\n") ? plain.substring(0, plain.length() - 1) : plain;
        assertThat(ChatTemplate.parse(plain).render(SampleData.variables()).text()).isEqualTo(expected);
    }

    @Property(tries = 1000, seed = "6")
    void aTextSurvivesJsonAndSlicesAsItsCodePoints(@ForAll String text) {
        assertThat(ChatTemplate.parse("{{ v[::-1][::-1] }}").render(java.util.Map.of("v", text)).text()).isEqualTo(text);
        assertThat(ChatTemplate.parse("{{ v|length }}").render(java.util.Map.of("v", text)).text())
                .isEqualTo(String.valueOf(text.codePointCount(0, text.length())));
        assertThat(ChatTemplate.parse("{% for c in v %}{{ c }}{% endfor %}").render(java.util.Map.of("v", text)).text()).isEqualTo(text);
    }

    @Provide
    Arbitrary<String> pieces() {
        return Arbitraries.of(PIECES).list().ofMaxSize(25).map(list -> String.join("", list));
    }

    /** Nested statements that mostly parse, around random expressions. */
    @Provide
    Arbitrary<String> statements() {
        Arbitrary<String> value = Arbitraries.of("s", "d", "l", "n", "x", "messages", "undef", "'a'", "1", "[1, 'b']", "{'k': l}", "range(9)", "ns",
                "loop.index", "loop", "m(s)", "caller()", "l|map('string')", "d.items()", "s.split('l')", "messages[0]", "namespace(a=1)", "none");
        Arbitrary<String> operation = Arbitraries.of("%s", "%s|length", "%s|list", "%s|tojson", "%s|join(',')", "%s[1:]", "%s[0]", "%s.content", "%s * 3",
                "%s + %<s", "%s ~ 'z'", "%s|sort", "%s == %<s", "%s in %<s", "'%%s' %% %s", "%s|reverse|list", "%s|first", "%s|string|upper|trim", "-%s",
                "%s|batch(2)|list", "%s|int", "%s|default('q')", "%s is mapping", "%s|indent(2)", "%s|unique|list", "%s|replace('l', s)", "%s()");
        Arbitrary<String> expression = value.flatMap(v -> operation.map(op -> String.format(java.util.Locale.ROOT, op, v)));
        Arbitrary<String> leaf = expression.map(e -> "{{ " + e + " }}");
        return Arbitraries.lazyOf(
                () -> leaf,
                () -> leaf,
                () -> leaf.map(e -> "{% set ns = namespace(a=l) %}" + e.replace("l", "ns.a")),
                () -> expression.flatMap(e -> statements().map(b -> "{% for i in " + e + " %}" + b + "{% endfor %}")),
                () -> expression.flatMap(e -> statements().map(b -> "{% if " + e + " %}" + b + "{% else %}" + e + "{% endif %}")),
                () -> statements().map(b -> "{% macro m(x) %}" + b + "{% endmacro %}{{ m(l) }}"),
                () -> statements().map(b -> "{% call m(1) %}" + b + "{% endcall %}"),
                () -> statements().map(b -> "{% set s %}" + b + "{% endset %}{{ s }}"),
                () -> statements().map(b -> "{% generation %}" + b + "{% endgeneration %}"),
                () -> statements().flatMap(a -> statements().map(b -> a + b)));
    }
}
