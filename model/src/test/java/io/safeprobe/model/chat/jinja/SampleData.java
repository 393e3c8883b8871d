package io.safeprobe.model.chat.jinja;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The variables that the tables of expected renderings were made with. */
final class SampleData {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-05T07:08:09.123456Z"), ZoneOffset.UTC);

    private SampleData() {}

    /** A line of a table: a template and what it renders, or the error. */
    record Row(String template, String expected) {}

    static Row row(String template, String expected) {
        return new Row(template, expected);
    }

    /** The rendered text, or {@code error: Kind: reason}. */
    static String outcome(String template) {
        try {
            return ChatTemplate.parse(template).withClock(CLOCK).render(variables()).text();
        } catch (TemplateException e) {
            return "error: " + e.kind() + ": " + e.rawMessage();
        }
    }

    static Map<String, @Nullable Object> variables() {
        Map<String, @Nullable Object> v = new LinkedHashMap<>();
        v.put("messages", List.of(
                map("role", "user", "content", "Hi there"),
                map("role", "assistant", "content", " Ok \u00e9\ud83d\ude80 "),
                map("role", "user", "content", null)));
        v.put("n", 7);
        v.put("x", 2.5);
        v.put("s", "Hello, World");
        v.put("u", "a\u00e9\ud83d\ude80z");
        v.put("e", "");
        v.put("t", true);
        v.put("f", false);
        v.put("nn", null);
        v.put("d", map("b", 1, "a", List.of(1, 2, map("k", "v")), "items", "I", "c", null));
        v.put("l", List.of(3, 1, 2));
        v.put("ll", List.of(List.of("a", 1), List.of("b", 2)));
        v.put("mixed", Arrays.asList(1, "a", null));
        Map<String, @Nullable Object> parameter = map("type", "string", "description", "it's \"q\" \u00e9\n");
        Map<String, @Nullable Object> parameters = map("type", "object", "properties", map("p", parameter));
        v.put("tools", List.of(map("type", "function", "function", map("name", "f<x>", "parameters", parameters))));
        return v;
    }

    /** A map in the order given; keys and values alternate. */
    private static Map<String, @Nullable Object> map(@Nullable Object... pairs) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(String.valueOf(pairs[i]), pairs[i + 1]);
        }
        return map;
    }
}
