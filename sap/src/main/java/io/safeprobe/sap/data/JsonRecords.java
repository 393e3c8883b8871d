package io.safeprobe.sap.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Records of JSON files: one object a line, or one array of objects. */
final class JsonRecords {
    private static final Pattern SOURCE = Pattern.compile(" \\(start marker at \\[Source: .*?]\\)");
    /** The column of an array that holds texts instead of objects. */
    private static final String TEXT = "text";

    private static final JsonMapper JSON = JsonMapper.builder()
            // Python writes NaN where a number is missing.
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final JsonMapper ONE_OF_MANY = JSON.rebuild().disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private JsonRecords() {}

    /** Reads one object a line; blank lines are passed over. */
    static Records lines(Path file, InputStream in) {
        ByteLines lines = new ByteLines(in);
        return new Records() {
            private int number;

            @Override
            public @Nullable Fields next() throws IOException {
                for (byte[] line = lines.next(); line != null; line = lines.next()) {
                    number++;
                    String place = "line " + number;
                    String text = utf8(file, place, line);
                    if (!text.isBlank()) {
                        return object(file, place, parse(file, place, text));
                    }
                }
                return null;
            }
        };
    }

    /** Reads an array of objects; an array of texts counts as objects with the column {@code text}. */
    static Records array(Path file, InputStream in) throws IOException {
        return new Elements(file, JSON.createParser(in));
    }

    private static final class Elements implements Records {
        private final Path file;
        private final JsonParser parser;
        private int number;

        Elements(Path file, JsonParser parser) {
            this.file = file;
            this.parser = parser;
        }

        @Override
        public @Nullable Fields next() throws IOException {
            try {
                if (number == 0) {
                    parser.nextToken();
                }
                number++;
                String place = "row " + number;
                if (parser.nextToken() == JsonToken.END_ARRAY) {
                    if (parser.nextToken() != null) {
                        throw new DataException(file, "more follows after the array of rows, at line "
                                + parser.currentTokenLocation().getLineNr() + "; a file holds one array");
                    }
                    return null;
                }
                JsonNode row = ONE_OF_MANY.readTree(parser);
                return row != null && row.isTextual() ? new Fields(place, Map.of(TEXT, row)) : object(file, place, row);
            } catch (JsonProcessingException malformed) {
                String place = "row " + number + " (line " + malformed.getLocation().getLineNr() + ", column "
                        + malformed.getLocation().getColumnNr() + ")";
                throw new DataException(file, place, "is not valid JSON: " + reason(malformed) + "; mend it or get the file again", malformed);
            }
        }

        @Override
        public void close() throws IOException {
            parser.close();
        }
    }

    private static JsonNode parse(Path file, String place, String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException malformed) {
            throw new DataException(file, place, "is not one whole JSON object: " + reason(malformed)
                    + "; JSONL has one object on each line (an array of rows begins with '[')", malformed);
        }
    }

    private static Fields object(Path file, String place, JsonNode row) {
        if (!row.isObject()) {
            throw new DataException(file, place, "holds " + Cells.kind(row) + ", a row must be a JSON object with named columns", null);
        }
        Map<String, JsonNode> values = new LinkedHashMap<>();
        row.properties().forEach(property -> values.put(property.getKey(), property.getValue()));
        return new Fields(place, values);
    }

    private static String utf8(Path file, String place, byte[] line) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
        } catch (CharacterCodingException malformed) {
            throw new DataException(file, place, "is not UTF-8; convert the file, for example with iconv -f WINDOWS-1252 -t UTF-8", malformed);
        }
    }

    /** Jackson's message without its hint to its own source line, and without where in a source it does not show an object began. */
    private static String reason(JsonProcessingException malformed) {
        return SOURCE.matcher(malformed.getOriginalMessage().lines().findFirst().orElse("malformed")).replaceAll("");
    }
}
