package io.safeprobe.model.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.model.Golden;
import io.safeprobe.model.chat.Message;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.Labels;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.decoder.PackedTokens;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.StoredType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logits and scores of classifiers against transformers in float64. */
class ClassifierTest {
    private static final double AGREEMENT = 1e-5;

    private final Memory memory = Memory.ofLimit(1 << 26);
    private final VectorKernels kernels = new VectorKernels(2);

    @AfterEach
    void nothingLeaks() {
        kernels.close();
        memory.close();
    }

    private ModelFolder open(String name) {
        return ModelFolder.open(memory, kernels, Golden.path(name), StoredType.AUTO);
    }

    private Classifier classifier(ModelFolder model) {
        return new Classifier(memory, kernels, model.config(), model.weights(), model.labels().orElseThrow());
    }

    private static List<int[]> rows(JsonNode golden) {
        return StreamSupport.stream(golden.path("ids").spliterator(), false).map(Golden::ints).toList();
    }

    private static double[] numbers(JsonNode row) {
        return StreamSupport.stream(row.spliterator(), false).mapToDouble(JsonNode::asDouble).toArray();
    }

    @ParameterizedTest
    @CsvSource({"judge-llama, SOFTMAX", "judge-qwen2, SIGMOID", "judge-mistral, SIGMOID", "judge-gpt2, SOFTMAX", "judge-neox, RAW", "judge-phi3, SOFTMAX",
            "judge-gemma2, SOFTMAX", "judge-gemma3, SOFTMAX", "judge-qwen3, SOFTMAX", "judge-smollm3, SOFTMAX", "judge-olmo2, SOFTMAX"})
    void logitsAndScoresOfRowsOfManyLengths(String name, Labels.Scores kind) {
        JsonNode golden = ConfigFile.json(Golden.path(name).resolve("golden.json"));
        try (ModelFolder model = open(name)) {
            assertThat(memory.inUse()).as("no weight is copied").isZero();
            Labels labels = model.labels().orElseThrow();
            assertThat(labels.scores()).isEqualTo(kind);
            assertThat(labels.names()).isEqualTo(StreamSupport.stream(golden.path("labels").spliterator(), false).map(JsonNode::asText).toList());
            List<int[]> rows = rows(golden);
            List<double[]> logits = classifier(model).logits(rows, () -> false);
            assertThat(logits).hasSameSizeAs(rows);
            double largest = StreamSupport.stream(golden.path("logits").spliterator(), false).flatMapToDouble(row -> Arrays.stream(numbers(row)))
                    .map(Math::abs).max().orElseThrow();
            for (int i = 0; i < rows.size(); i++) {
                assertThat(logits.get(i)).as("logits of row %d", i).containsExactly(numbers(golden.path("logits").get(i)), within(AGREEMENT * largest));
                assertThat(labels.scores(logits.get(i))).as("scores of row %d", i).containsExactly(numbers(golden.path("scores").get(i)), within(AGREEMENT));
            }
        }
    }

    /** The text-classification pipeline, and a chat of one message. */
    @Test
    void textsAndChatsAsThePipelineJudgesThem() {
        JsonNode golden = ConfigFile.json(Golden.path("judge-llama").resolve("golden.json"));
        try (ModelFolder model = open("judge-llama")) {
            Labels labels = model.labels().orElseThrow();
            for (String kind : List.of("texts", "chats")) {
                assertThat(golden.path(kind)).isNotEmpty();
                for (JsonNode one : golden.path(kind)) {
                    String text = one.path("text").asText();
                    int[] ids = kind.equals("texts") ? model.tokenizer().encode(text, true) : model.encoder().whole(List.of(new Message("user", text)));
                    double[] scores = labels.scores(classifier(model).logits(List.of(ids), () -> false).getFirst());
                    for (int i = 0; i < scores.length; i++) {
                        assertThat(scores[i]).as(kind + ": " + text).isCloseTo(one.path("scores").path(labels.names().get(i)).asDouble(), within(AGREEMENT));
                    }
                }
            }
        }
    }

    @Test
    void manyTextsAreJudgedInBatchesUntilItIsCancelled() {
        try (ModelFolder model = open("judge-llama")) {
            int[] text = new int[200];
            Arrays.fill(text, 5);
            List<int[]> texts = java.util.Collections.nCopies(25, text);
            double[] alone = classifier(model).logits(List.of(text), () -> false).getFirst();
            List<Integer> asked = new ArrayList<>();
            List<double[]> all = classifier(model).logits(texts, () -> !asked.add(1));
            assertThat(all).hasSize(25).allSatisfy(logits -> assertThat(logits).containsExactly(alone, within(1e-5)));
            assertThat(asked).as("10 texts of 200 tokens make a batch").hasSize(3);
            assertThat(classifier(model).logits(texts, () -> asked.size() + 1 > 4 || !asked.add(1))).as("one batch until then").hasSize(10);
        }
    }

    @Test
    void textsThatCannotBeJudged() {
        try (ModelFolder model = open("judge-llama")) {
            assertThatThrownBy(() -> classifier(model).logits(List.of(new int[] {5}, new int[0]), () -> false))
                    .isInstanceOf(ModelException.class).hasMessageContaining("text 2 has 0 tokens").hasMessageContaining("give some text");
            assertThatThrownBy(() -> classifier(model).logits(List.of(new int[257]), () -> false))
                    .isInstanceOf(ModelException.class).hasMessageContaining("text 1 has 257 tokens").hasMessageContaining("1 to 256")
                    .hasMessageContaining("shorten");
        }
    }

    /** Also where config.json ties embeddings: the embedding must not stand in for a head that is not there. */
    @ParameterizedTest
    @CsvSource({"judge-llama", "judge-qwen2"})
    void aClassifierIsNoLanguageModel(String name) {
        try (ModelFolder model = open(name); Scope scope = memory.scope()) {
            Forward forward = new Forward(new Graph(new ReferenceKernels(), scope), model.config(), model.weights());
            Value hidden = forward.hidden(PackedTokens.of(List.of(new int[] {5, 6})), new int[] {1});
            assertThatThrownBy(() -> forward.logits(hidden)).isInstanceOf(ModelException.class)
                    .hasMessageContaining("no weight named 'lm_head.weight'");
        }
    }
}
