package io.safeprobe.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.model.config.ModelException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TokenRulesTest {
    private static final float NEVER = Float.NEGATIVE_INFINITY;

    private static float[] applied(TokenRules rules, int[] ids, int prompt) {
        float[] logits = {1, -1, 2, -2, 0.5f};
        rules.apply(logits, ids, prompt, Set.of(4));
        return logits;
    }

    @Test
    void thePenaltySeesThePromptAndEachTokenOnce() {
        assertThat(applied(TokenRules.NONE.withRepetitionPenalty(2), new int[] {0, 1, 1, 0}, 2)).containsExactly(0.5f, -2, 2, -2, 0.5f);
    }

    @Test
    void noNgramOccursTwice() {
        TokenRules pairs = new TokenRules(1, 2, List.of(), 0, 0, List.of(), List.of());
        assertThat(applied(pairs, new int[] {0, 2, 3, 0}, 4)).containsExactly(1, -1, NEVER, -2, 0.5f);
        assertThat(applied(pairs, new int[] {0, 2, 3}, 3)).containsExactly(1, -1, 2, -2, 0.5f);
    }

    @Test
    void badWordsAreForbiddenWhereTheyWouldEnd() {
        TokenRules rules = new TokenRules(1, 0, List.of(List.of(0, 1, 2), List.of(3), List.of(4), List.of(99)), 0, 0, List.of(), List.of());
        assertThat(applied(rules, new int[] {2, 0, 1}, 1)).containsExactly(1, -1, NEVER, NEVER, 0.5f);
        assertThat(applied(rules, new int[] {1}, 1)).containsExactly(1, -1, 2, NEVER, 0.5f);
    }

    @Test
    void anEndTokenMayNotComeTooEarly() {
        TokenRules rules = new TokenRules(1, 0, List.of(), 0, 2, List.of(), List.of());
        assertThat(applied(rules, new int[] {0, 1}, 1)[4]).isEqualTo(NEVER);
        assertThat(applied(rules, new int[] {0, 1, 2}, 1)[4]).isEqualTo(0.5f);
    }

    @Test
    void whereNothingIsLeftThatIsAnError() {
        TokenRules rules = new TokenRules(1, 0, List.of(), 0, 0, List.of(0, 1, 2, 3, 4), List.of());
        assertThatThrownBy(() -> applied(rules, new int[] {0}, 1)).isInstanceOf(ModelException.class).hasMessageContaining("every token is forbidden");
    }
}
