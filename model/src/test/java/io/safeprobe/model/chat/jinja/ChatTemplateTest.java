package io.safeprobe.model.chat.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the tables against Python do not show: Java's data, lines of errors, and what is left out on purpose. */
class ChatTemplateTest {
    private static String render(String template, @Nullable Object value) {
        Map<String, @Nullable Object> variables = new HashMap<>();
        variables.put("v", value);
        return ChatTemplate.parse(template).render(variables).text();
    }

    @Test
    void javaDataIsShownAsPython() {
        Map<Object, Object> keys = new HashMap<>();
        keys.put(1, 2L);
        assertThat(render("{{ v }}", List.of(1, 2L, (short) 3, 1.5, 0.25f, true, "x", List.of(), Map.of()))).isEqualTo(
                "[1, 2, 3, 1.5, 0.25, True, 'x', [], {}]");
        assertThat(render("{{ v }} {{ v[1] }}", keys)).isEqualTo("{1: 2} 2");
        assertThat(render("{{ v }}", null)).isEqualTo("None");
    }

    @Test
    void otherJavaTypesAreRefusedByName() {
        assertThatThrownBy(() -> render("{{ v }}", List.of(Map.of("when", Instant.EPOCH))))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("variable v[0].when is a java.time.Instant")
                .hasMessageContaining("pass String, Integer, Long, Double, Boolean, null, List or Map");
    }

    @Test
    void dataWithoutAnEndIsRefused() {
        List<Object> endless = new ArrayList<>();
        endless.add(endless);
        assertThatThrownBy(() -> render("{{ v }}", endless))
                .isInstanceOf(TemplateException.class).hasMessageContaining("nested deeper than 200 levels");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'{{ 1 }}\n{{ a.b }}\n{{ 2 }}' | 2",
        "'\n\n{% if x %}{% endif %}{{ 1/0 }}' | 3",
        "'{% for i in [1] %}\n\n{{ i.a.b }}\n{% endfor %}' | 3",
        "'{% macro m() %}\n{{ 1/0 }}{% endmacro %}\n\n{{ m() }}' | 2",
        "'{% macro m() %}\nx{% endmacro %}\n\n{{ m() + 1 }}' | 4",
        "'{{ [1,\n2]|join(\n3, 4, 5, 6) }}' | 2",
        "'{# one\ntwo\n#}{{- -}}' | 3",
        "'a\n{% foo %}' | 2",
        "'a\n{% if x %}\nb\n' | 3",
        "'{{ 1 }}\n{{ \"a }}' | 2",
        "'{% raw %}\n\n' | 1",
        "'{{ x|nofilter }}\n\n{{ 1 }}' | 1",
    })
    void errorsNameTheirLine(String template, int line) {
        TemplateException e = catchThrowableOfType(TemplateException.class, () -> ChatTemplate.parse(template).render(Map.of()));
        assertThat(e.line()).as(e.getMessage()).isEqualTo(line);
        assertThat(e).hasMessageStartingWith("chat template, line " + line + ": " + e.kind() + ": " + e.rawMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{% include 'x' %} | tag 'include'",
        "{% extends 'x' %} | tag 'extends'",
        "{% import 'x' as y %} | tag 'import'",
        "{% block b %}{% endblock %} | tag 'block'",
        "{% for a in b recursive %}{% endfor %} | recursive loops",
        "'{{ x|urlize }}' | filter 'urlize'",
        "'{{ x|random }}' | filter 'random'",
        "{{ strftime_now('%Q') }} | directive %Q",
    })
    void whatIsLeftOutIsRefusedByName(String template, String name) {
        assertThatThrownBy(() -> ChatTemplate.parse(template).render(Map.of()))
                .isInstanceOfSatisfying(TemplateException.class, e -> {
                    assertThat(e.kind()).isEqualTo("UnsupportedError");
                    assertThat(e).hasMessageContaining(name);
                });
    }

    @Test
    void anUnknownFilterIsReportedBeforeAnythingRuns() {
        assertThatThrownBy(() -> ChatTemplate.parse("\n{{ x|nofilter }}"))
                .isInstanceOf(TemplateException.class).hasMessageContaining("line 2: TemplateAssertionError: No filter named 'nofilter'.");
        // As in Jinja, one in a branch waits until the branch is taken.
        assertThat(render("{% if v %}{{ v|nofilter }}{% endif %}ok", false)).isEqualTo("ok");
        assertThat(render("{{ (v|nofilter) if v else 'ok' }}", false)).isEqualTo("ok");
    }

    @Test
    void aTemplateServesManyThreadsAndRuns() {
        ChatTemplate template = ChatTemplate.parse("{% set ns = namespace(n=0) %}{% for i in range(v) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}");
        List<String> results = java.util.stream.IntStream.range(0, 64).parallel().mapToObj(i -> template.render(Map.of("v", i)).text()).toList();
        for (int i = 0; i < 64; i++) {
            assertThat(results.get(i)).isEqualTo(String.valueOf(i * (i - 1) / 2));
        }
    }
}
