package io.safeprobe.engine.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The JSON header of a safetensors file, trusted only after every claim in it was checked against the file: no range outside the
 * data, no overlap, no hole, sizes that fit type and shape, no name twice.
 */
record Header(Map<String, Entry> entries, Map<String, String> metadata) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Types of the format that no tensor here can have. */
    private static final Set<String> OTHER_TYPES = Set.of("I8", "I16", "U16", "U32", "U64", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F4",
            "F6_E2M3", "F6_E3M2", "C64");

    /** One tensor: type, shape and byte range inside the data that follows the header. */
    record Entry(DType dtype, Shape shape, long begin, long end) {}

    static Header parse(Path file, String json, long dataBytes) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JsonProcessingException malformed) {
            boolean duplicate = malformed.getOriginalMessage().contains("Duplicate field");
            String fault = duplicate ? "the header names a tensor twice (" + malformed.getOriginalMessage() + ")" : "the header is not JSON";
            throw new SafetensorsException(file, fault + "; the file is damaged, get it again", malformed);
        }
        if (root == null || !root.isObject()) {
            throw new SafetensorsException(file, "the header is not a JSON object; the file is damaged, get it again");
        }
        Map<String, Entry> entries = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        root.properties().forEach(property -> {
            if (property.getKey().equals("__metadata__")) {
                property.getValue().properties().forEach(item -> metadata.put(item.getKey(), item.getValue().asText()));
            } else {
                entries.put(property.getKey(), entry(file, property.getKey(), property.getValue()));
            }
        });
        checkLayout(file, entries, dataBytes);
        return new Header(entries, metadata);
    }

    private static Entry entry(Path file, String name, JsonNode json) {
        JsonNode shape = json.path("shape");
        JsonNode offsets = json.path("data_offsets");
        if (!json.path("dtype").isTextual() || !shape.isArray() || !offsets.isArray() || offsets.size() != 2) {
            throw new SafetensorsException(file, "tensor '" + name + "' lacks dtype, shape or two data_offsets");
        }
        DType dtype = dtype(file, name, json.path("dtype").asText());
        long[] extents = new long[shape.size()];
        long elements = 1;
        for (int i = 0; i < extents.length; i++) {
            extents[i] = whole(file, name, "shape", shape.get(i));
            elements = times(file, name, elements, extents[i]);
        }
        long begin = whole(file, name, "data_offsets", offsets.get(0));
        long end = whole(file, name, "data_offsets", offsets.get(1));
        long bytes = times(file, name, elements, dtype.bytes());
        if (end - begin != bytes) {
            throw new SafetensorsException(file, "tensor '" + name + "' of " + dtype + " " + Shape.of(extents) + " needs " + bytes
                    + " bytes but its data_offsets [" + begin + ", " + end + "] hold " + (end - begin));
        }
        return new Entry(dtype, Shape.of(extents), begin, end);
    }

    private static DType dtype(Path file, String name, String text) {
        for (DType dtype : DType.values()) {
            if (dtype.name().equals(text)) {
                return dtype;
            }
        }
        if (OTHER_TYPES.contains(text)) {
            throw new SafetensorsException(file, "tensor '" + name + "' is stored as " + text
                    + ", which is not supported: quantised weights and other types than " + List.of(DType.values()) + " are not computed with; get the weights"
                    + " in BF16, F16 or F32, or convert them");
        }
        throw new SafetensorsException(file, "tensor '" + name + "' has the type '" + text
                + "', which safetensors does not know; the file is damaged, get it again");
    }

    private static long whole(Path file, String name, String field, JsonNode json) {
        if (!json.isIntegralNumber() || !json.canConvertToLong() || json.asLong() < 0) {
            throw new SafetensorsException(file, "tensor '" + name + "' has " + json + " in " + field + "; a whole number of 0 or more is needed");
        }
        return json.asLong();
    }

    private static long times(Path file, String name, long a, long b) {
        try {
            return Math.multiplyExact(a, b);
        } catch (ArithmeticException overflow) {
            throw new SafetensorsException(file, "the size of tensor '" + name + "' overflows 64 bits", overflow);
        }
    }

    private static void checkLayout(Path file, Map<String, Entry> entries, long dataBytes) {
        List<Map.Entry<String, Entry>> ordered = entries.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, Entry> item) -> item.getValue().begin())
                        .thenComparingLong(item -> item.getValue().end()))
                .toList();
        long covered = 0;
        for (Map.Entry<String, Entry> item : ordered) {
            Entry entry = item.getValue();
            if (entry.end() > dataBytes) {
                throw new SafetensorsException(file, "tensor '" + item.getKey() + "' ends at byte " + entry.end() + " of the data, but the file holds "
                        + dataBytes + "; the file is truncated, get it again");
            }
            if (entry.begin() != covered) {
                String fault = entry.begin() < covered ? "overlaps the tensor before it" : "leaves a hole before it";
                throw new SafetensorsException(file, "tensor '" + item.getKey() + "' at byte " + entry.begin() + " " + fault);
            }
            covered = entry.end();
        }
        if (covered != dataBytes) {
            throw new SafetensorsException(file, (dataBytes - covered) + " bytes at the end belong to no tensor");
        }
    }
}
