package io.safeprobe.model.chat.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/** The templates of real models against what Python's Jinja made of them, character by character, errors included. */
class RealTemplatesTest {
    /** The day on which the expected texts were made; some templates print it. */
    private static final Clock DAY = Clock.fixed(Instant.parse("2026-11-21T12:00:00Z"), ZoneOffset.UTC);

    private record Cases(Map<String, String> templates, List<Case> cases) {}

    private record Case(String name, String template, Map<String, @Nullable Object> data, @Nullable String out, @Nullable String err) {}

    @Test
    void everyCaseRendersAsInPython() throws IOException {
        Cases cases = read();
        Map<String, ChatTemplate> templates = new HashMap<>();
        cases.templates().forEach((name, source) -> templates.put(name, ChatTemplate.parse(source).withClock(DAY)));
        List<String> wrong = new ArrayList<>();
        for (Case one : cases.cases()) {
            String expected = one.out() != null ? one.out() : "error: " + one.err();
            String actual = outcome(Objects.requireNonNull(templates.get(one.template())), one.data());
            if (!actual.equals(expected)) {
                wrong.add(one.name() + "\n  expected: " + expected + "\n  actual:   " + actual);
            }
        }
        assertThat(wrong).as("cases of %s that differ", cases.cases().size()).isEmpty();
        assertThat(cases.cases()).hasSizeGreaterThanOrEqualTo(946);
    }

    private static String outcome(ChatTemplate template, Map<String, @Nullable Object> data) {
        try {
            return template.render(data).text();
        } catch (TemplateException e) {
            return "error: " + e.kind() + ": " + e.rawMessage();
        }
    }

    private static Cases read() throws IOException {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path file = at.resolve("../shared/data/templates/cases.json").normalize();
            if (Files.isRegularFile(file)) {
                return new ObjectMapper().readValue(file.toFile(), new TypeReference<Cases>() {});
            }
        }
        throw new TestAbortedException("skipped: ../shared/data/templates/cases.json is not on this machine");
    }
}
