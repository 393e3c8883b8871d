package io.safeprobe.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.model.Golden;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Rotary frequencies against those of transformers, and what is refused. */
class RopeScalingTest {
    private static List<JsonNode> cases() {
        return StreamSupport.stream(ConfigFile.json(Golden.path("rope.json")).spliterator(), false).toList();
    }

    private static DecoderConfig read(JsonNode settings) {
        ObjectNode config = settings.deepCopy();
        config.put("intermediate_size", 8).put("num_hidden_layers", 1).put("vocab_size", 8);
        ConfigKeys keys = new ConfigKeys(config);
        DecoderConfig decoder = new Llama().read(keys);
        keys.refuseTheRest("LlamaForCausalLM");
        return decoder;
    }

    private static DecoderConfig parse(String json) throws java.io.IOException {
        ObjectNode config = (ObjectNode) new JsonMapper().readTree(json.replace('\'', '"'));
        return read(config.put("hidden_size", 64).put("num_attention_heads", 4));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void frequenciesAsTransformersComputesThem(JsonNode expected) {
        DecoderConfig config = read(expected.path("config"));
        assertSame(config, expected);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void asTransformers4WroteThem(JsonNode expected) {
        ObjectNode settings = expected.path("config").deepCopy();
        ObjectNode rope = (ObjectNode) settings.remove("rope_parameters");
        settings.set("rope_theta", rope.remove("rope_theta"));
        rope.set("type", rope.remove("rope_type"));
        settings.set("rope_scaling", rope);
        assertSame(read(settings), expected);
    }

    private static void assertSame(DecoderConfig config, JsonNode expected) {
        double factor = expected.path("attention_factor").asDouble();
        assertThat(config.ropeScaling().attentionFactor()).isCloseTo(factor, within(1e-12));
        for (int i = 0; i < expected.path("lengths").size(); i++) {
            double[] frequencies = config.ropeScaling().frequencies(config.ropeTheta(), config.headSize(), expected.path("lengths").get(i).asInt());
            JsonNode list = expected.path("inv_freq").get(i);
            assertThat(frequencies).hasSize(list.size());
            for (int j = 0; j < frequencies.length; j++) {
                // transformers rounds to float32 on the way.
                assertThat(frequencies[j]).isCloseTo(list.get(j).asDouble(), within(2e-6 * list.get(j).asDouble()));
            }
        }
    }

    @Test
    void spansTellWhereFrequenciesChange() {
        RopeScaling dynamic = new RopeScaling.Dynamic(2, 16);
        assertThat(dynamic.span(3)).isEqualTo(dynamic.span(16)).isNotEqualTo(dynamic.span(17));
        assertThat(dynamic.span(17)).isNotEqualTo(dynamic.span(18));
        RopeScaling longRope = new RopeScaling.LongRope(List.of(1.0), List.of(2.0), 1, 16);
        assertThat(longRope.span(16)).isEqualTo(longRope.span(1)).isNotEqualTo(longRope.span(17));
        assertThat(longRope.span(17)).isEqualTo(longRope.span(1000));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "{'rope_scaling': {'type': 'su'}} | rotary scaling 'su', which is not supported; default, linear",
        "{'rope_scaling': {'type': 'linear'}} | rope_scaling needs a number for factor, but has none",
        "{'rope_scaling': {'type': 'linear', 'factor': 0}} | rope_scaling.factor must be above 0",
        "{'rope_scaling': 'linear'} | needs an object for rope_scaling",
        "{'rope_parameters': {'rope_type': 'default', 'mrope_section': [1, 2]}} | rope_parameters sets mrope_section = [1,2]",
        "{'rope_parameters': {'rope_type': 'default', 'partial_rotary_factor': 0.5}} | partial_rotary_factor",
        "{'partial_rotary_factor': 0.25} | partial_rotary_factor",
        "{'rope_theta': 0} | rope_theta above 1",
        "{'rope_scaling': {'type': 'llama3', 'factor': 8, 'low_freq_factor': 4, 'high_freq_factor': 1}} | low_freq_factor below high_freq_factor",
        "{'rope_scaling': {'type': 'longrope', 'short_factor': [1, 2], 'long_factor': [1, 2]}} | short_factor must be 8 positive numbers",
    })
    void whatIsNotUnderstoodIsRefusedByName(String json, String reason) {
        assertThatThrownBy(() -> parse(json)).isInstanceOf(ModelException.class).hasMessageContaining(reason);
    }

    @Test
    void aLengthBesideTheObjectGoesBeforeOneWithin() throws java.io.IOException {
        DecoderConfig config = parse("{'original_max_position_embeddings': 32, 'rope_scaling': {'type': 'llama3', 'factor': 8, 'low_freq_factor': 1, "
                + "'high_freq_factor': 4, 'original_max_position_embeddings': 64}}");
        assertThat(config.ropeScaling()).isEqualTo(new RopeScaling.Llama3(8, 1, 4, 32));
    }
}
