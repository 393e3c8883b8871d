package io.safeprobe.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.decoder.Forward;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What transformers keeps of a row of logits, what it generates, and how likely it finds it; see testdata/oracle/make_generation.py. */
class GoldenGenerationTest {
    private static final JsonNode GOLDEN = ConfigFile.json(Golden.path("generation.json"));

    private static List<Double> doubles(JsonNode array) {
        List<Double> values = new ArrayList<>();
        array.forEach(value -> values.add(value.asDouble()));
        return values;
    }

    private static void assertClose(List<Double> found, List<Double> expected, double error, String what) {
        assertThat(found).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i)).as("%s, at %d", what, i).isCloseTo(expected.get(i), within(error));
        }
    }

    /** A sampling that keeps all candidates gives the probabilities after the rules alone, as they are in greedy decoding. */
    private static final Sampling AS_THEY_ARE = new Sampling(1, 0, 1, 0);

    @Test
    void ofEveryRowOfLogitsTheSameTokensAreKeptWithTheSameProbabilities() {
        Set<Integer> end = new HashSet<>();
        GOLDEN.path("end").forEach(id -> end.add(id.asInt()));
        int sampled = 0;
        for (JsonNode row : GOLDEN.path("kept")) {
            GenerationConfig config = new GenerationFile(row.path("generation_config"), end, Set.of()).read(Set.of(), false);
            List<Double> given = doubles(row.path("logits"));
            float[] logits = new float[given.size()];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = given.get(i).floatValue();
            }
            config.rules().apply(logits, Golden.ints(row.path("ids")), row.path("prompt").asInt(), end);
            Candidates candidates = Candidates.of(logits, config.sampling().greedy() ? AS_THEY_ARE : config.sampling());
            List<Integer> order = IntStream.range(0, candidates.size()).boxed().sorted((a, b) -> candidates.id(a) - candidates.id(b)).toList();
            String what = row.path("generation_config").toString();
            assertThat(order.stream().mapToInt(candidates::id).toArray()).as(what).isEqualTo(Golden.ints(row.path("kept")));
            assertClose(order.stream().map(candidates::probability).toList(), doubles(row.path("probabilities")), 1e-6, what);
            sampled += config.sampling().greedy() ? 0 : 1;
        }
        assertThat(sampled).isEqualTo(80);
    }

    @Test
    void generationConfigIsObeyedTokenForTokenAndTheProbabilitiesAgree() {
        for (JsonNode run : GOLDEN.path("generated")) {
            try (Golden golden = Golden.open(run.path("folder").asText(), new VectorKernels(2))) {
                GenerationConfig config = new GenerationFile(run.path("generation_config"), Set.of(2), Set.of()).read(Set.of(), false).withLogProbs(true);
                Generator generator = new Generator(golden.memory, golden.kernels, golden.model.config(),
                        graph -> new Forward(graph, golden.model.config(), golden.model.weights()));
                Generator.Response response = generator
                        .generate(List.of(Golden.ints(run.path("prompt"))), config, Seeds.of(0), Generator.Listener.NONE, () -> false).getFirst();
                int[] withEnd = IntStream.concat(response.ids().stream().mapToInt(Integer::intValue), response.end().stream()).toArray();
                String what = run.path("folder").asText() + " " + run.path("generation_config");
                assertThat(withEnd).as(what).isEqualTo(Golden.ints(run.path("ids")));
                assertClose(response.logProbs(), doubles(run.path("logprobs")), 1e-5, what);
            }
        }
        assertThat(GOLDEN.path("generated")).hasSize(16);
    }

    @Test
    void theProbabilitiesOfAResponseAreThoseOfTransformers() {
        for (JsonNode folder : GOLDEN.path("measured")) {
            try (Golden golden = Golden.open(folder.path("folder").asText(), new VectorKernels(2))) {
                Likelihood likelihood = new Likelihood(golden.memory, golden.kernels, golden.model.config(),
                        graph -> new Forward(graph, golden.model.config(), golden.model.weights()));
                int[] prompt = golden.ids("greedy_prompt");
                int[] whole = IntStream.concat(IntStream.of(prompt), IntStream.of(golden.ids("greedy"))).toArray();
                assertClose(likelihood.logProbabilities(whole, prompt.length), doubles(folder.path("greedy")), 1e-5, folder.path("folder").asText());
                assertClose(likelihood.logProbabilities(Golden.ints(folder.path("row")), folder.path("from").asInt()), doubles(folder.path("response")), 1e-5,
                        folder.path("folder").asText());
            }
        }
        assertThat(GOLDEN.path("measured")).hasSize(13);
    }
}
