package io.safeprobe.shell.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.api.Test;

class SuggestionTest {
    private static final List<String> NAMES = List.of("open", "train", "score", "compare", "--epochs", "--max-tokens", "--lora-alpha");

    @ParameterizedTest
    @CsvSource({"opne,open", "trian,train", "Train,train", "scor,score", "comp,compare", "--epoch,--epochs", "--maxtokens,--max-tokens",
        "--lora_alpha,--lora-alpha", "--ep,--epochs"})
    void findsWhatWasMeant(String typed, String meant) {
        assertThat(Suggestion.of(typed, NAMES)).contains(meant);
    }

    @Test
    void suggestsNothingFarOff() {
        assertThat(Suggestion.of("banana", NAMES)).isEmpty();
        assertThat(Suggestion.of("x", NAMES)).isEmpty();
        assertThat(Suggestion.of("--zzz", NAMES)).isEmpty();
    }
}
