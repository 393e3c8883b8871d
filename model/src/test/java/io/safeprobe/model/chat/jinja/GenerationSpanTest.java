package io.safeprobe.model.chat.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Where the assistant's words are: the spans of {@code generation} blocks. */
class GenerationSpanTest {
    private static List<String> generated(String template) {
        Rendered rendered = ChatTemplate.parse(template).render(SampleData.variables());
        return rendered.generationSpans().stream().map(s -> rendered.text().substring(s.start(), s.end())).toList();
    }

    @Test
    void everyBlockIsASpanInUtf16Offsets() {
        String template = "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}\ud83d\ude80</s>"
                + "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}";
        Rendered rendered = ChatTemplate.parse(template).render(SampleData.variables());
        assertThat(rendered.text()).isEqualTo("<user>Hi there<assistant> Ok \u00e9\ud83d\ude80 \ud83d\ude80</s><user>None");
        assertThat(rendered.generationSpans()).containsExactly(new Span(25, 39));
        assertThat(rendered.text().substring(25, 39)).isEqualTo(" Ok \u00e9\ud83d\ude80 \ud83d\ude80</s>");
    }

    @Test
    void severalBlocksComeInOrder() {
        assertThat(generated("a{% generation %}b{% endgeneration %}c{% generation %}{% endgeneration %}{% generation %}d{% endgeneration %}"))
                .containsExactly("b", "", "d");
    }

    @Test
    void blanksThatTheTagsTakeAreNotInTheSpan() {
        assertThat(generated("x {%- generation -%}  y  {%- endgeneration -%} z")).containsExactly("y");
        assertThat(generated("{% generation %}\ny\n{% endgeneration %}\nz")).containsExactly("y\n");
    }

    @Test
    void aBlockInsideABlockIsPartOfIt() {
        assertThat(generated("{% generation %}a{% generation %}b{% endgeneration %}c{% endgeneration %}")).containsExactly("abc");
    }

    @Test
    void aMacroOrCallThatIsPrintedAsItIsKeepsItsSpans() {
        String macro = "{% macro say(t) %}[{% generation %}{{ t }}{% endgeneration %}]{% endmacro %}";
        assertThat(generated(macro + "1{{ say('a') }}2{{ say('b') }}")).containsExactly("a", "b");
        String around = "{% macro box() %}[{{ caller() }}]{% endmacro %}";
        assertThat(generated(around + "x{% call box() %}{% generation %}a{% endgeneration %}{% endcall %}")).containsExactly("a");
    }

    @Test
    void aBlockWhosePlaceCannotBeKnownIsRefused() {
        String macro = "{% macro say(t) %}{% generation %}{{ t }}{% endgeneration %}{% endmacro %}";
        for (String template : List.of(
                macro + "{{ say('a')|upper }}",
                macro + "{{ 'x' ~ say('a') }}",
                "{% set a %}{% generation %}b{% endgeneration %}{% endset %}{{ a }}",
                "{% filter upper %}{% generation %}b{% endgeneration %}{% endfilter %}")) {
            assertThatThrownBy(() -> generated(template)).as(template)
                    .isInstanceOf(TemplateException.class).hasMessageContaining("generation block inside captured output");
        }
    }

    @Test
    void whatABlockSetsStaysInIt() {
        assertThat(SampleData.outcome("{% generation %}{% set q = 1 %}{{ q }}{% endgeneration %}[{{ q }}]")).isEqualTo("1[]");
    }

    @Test
    void aTemplateWithoutBlocksHasNoSpans() {
        assertThat(ChatTemplate.parse("a").render(SampleData.variables())).isEqualTo(new Rendered("a", List.of()));
    }

    @Test
    void aSpanIsARange() {
        assertThatThrownBy(() -> new Span(2, 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("[2, 1)");
        assertThatThrownBy(() -> new Span(-1, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
