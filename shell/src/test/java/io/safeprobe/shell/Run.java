package io.safeprobe.shell;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** What a run of the program gave: exit status, standard output, standard error. */
record Run(int status, String out, String err) {
    private static final JsonMapper JSON = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /** Runs the program in a folder, with {@code input} piped in. */
    static Run piped(Path folder, String input, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Sap sap = new Sap(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), out, err, new Sap.Surroundings(folder, Map.of("SAP_MEMORY", "1G"), ""));
        int status = sap.run(args);
        return new Run(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** Runs the program with arguments. */
    static Run of(Path folder, String... args) {
        return piped(folder, "", args);
    }

    /** Runs commands. */
    static Run commands(Path folder, String commands) {
        return of(folder, "-c", commands);
    }

    /** Standard output as one JSON object; fails when there is anything else. */
    JsonNode json() {
        return parsed(out);
    }

    /** The last line of standard output as a JSON object, after results of commands before it. */
    JsonNode lastJson() {
        return parsed(out.lines().reduce("", (first, second) -> second));
    }

    private JsonNode parsed(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException failure) {
            throw new AssertionError("standard output is not one JSON object: " + out + "\nstandard error: " + err, failure);
        }
    }
}
