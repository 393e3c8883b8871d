package io.safeprobe.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What config.json of a classifier says. */
class LabelsTest {
    private static final Offset<Double> ROUNDED = within(1e-15);

    @TempDir
    private Path folder = Path.of("");

    private Labels labels(String settings) throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, "{\"architectures\": [\"LlamaForSequenceClassification\"]" + settings + "}");
        return ConfigFile.labels(file).orElseThrow();
    }

    @Test
    void aLanguageModelHasNone() throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, "{\"architectures\": [\"LlamaForCausalLM\"], \"id2label\": {\"0\": \"a\"}}");
        assertThat(ConfigFile.labels(file)).isEmpty();
    }

    @Test
    void namesAreThoseOfTheConfigurationOrOfTransformers() throws IOException {
        assertThat(labels("").names()).containsExactly("LABEL_0", "LABEL_1");
        assertThat(labels(", \"num_labels\": 3").names()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
        assertThat(labels(", \"id2label\": {\"1\": \"unsafe\", \"0\": \"safe\"}").names()).containsExactly("safe", "unsafe");
        assertThat(labels(", \"pad_token_id\": 7").padId()).isEqualTo(OptionalInt.of(7));
        assertThat(labels(", \"pad_token_id\": null").padId()).isEmpty();
    }

    @Test
    void scoresAreThoseOfThePipeline() throws IOException {
        double[] logits = {0, Math.log(3)};
        assertThat(labels("").scores(logits)).containsExactly(new double[] {0.25, 0.75}, ROUNDED);
        assertThat(labels(", \"problem_type\": null").scores()).isEqualTo(Labels.Scores.SOFTMAX);
        assertThat(labels(", \"problem_type\": \"single_label_classification\"").scores()).isEqualTo(Labels.Scores.SOFTMAX);
        assertThat(labels(", \"num_labels\": 1").scores()).isEqualTo(Labels.Scores.SIGMOID);
        assertThat(labels(", \"problem_type\": \"multi_label_classification\"").scores(logits)).containsExactly(new double[] {0.5, 0.75}, ROUNDED);
        assertThat(labels(", \"problem_type\": \"regression\"").scores(logits)).containsExactly(logits);
        assertThat(labels("").scores(new double[] {1000, 1000})).containsExactly(0.5, 0.5);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        ", \"problem_type\": \"ranking\" | problem_type 'ranking' is not supported; regression, single_label",
        ", \"num_labels\": 3, \"id2label\": {\"0\": \"a\"} | num_labels 3 but names 1 in id2label",
        ", \"id2label\": {\"0\": \"a\", \"2\": \"b\"} | no name for label 1 of 2",
        ", \"num_labels\": 0 | num_labels 0",
    })
    void whatIsNotUnderstood(String settings, String reason) {
        assertThatThrownBy(() -> labels(settings)).isInstanceOf(ModelException.class).hasMessageContaining(reason);
    }

    @Test
    void anUnknownClassifierIsRefusedWithThoseThatAreKnown() throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, "{\"architectures\": [\"BertForSequenceClassification\"]}");
        assertThatThrownBy(() -> ConfigFile.decoder(file)).isInstanceOf(ModelException.class)
                .hasMessageContaining("'BertForSequenceClassification' is not supported")
                .hasMessageContaining("and as classifiers Gemma2ForSequenceClassification, Gemma3TextForSequenceClassification, GPT2ForSequenceClassification, ");
    }
}
