package io.safeprobe.sap.data;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.chat.Message;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Values of the mapped columns of a record, checked: every fault is an error that names file and row. */
final class Cells {
    private final Path file;
    private final Layout layout;

    Cells(Path file, Layout layout) {
        this.file = file;
        this.layout = layout;
    }

    /** The text of a role: its columns joined by line breaks, empty ones left out. */
    String text(Fields row, ColumnMap.Role role) {
        List<String> columns = layout.columns().of(role);
        List<String> parts = new ArrayList<>();
        for (String column : columns) {
            JsonNode value = row.values().get(column);
            // Of several columns one may be null or, where the layout says so, missing; the only column of a role may not.
            boolean mayLack = value == null ? layout.optional().contains(column) : columns.size() > 1;
            if (value == null || value.isNull()) {
                if (!mayLack) {
                    throw missing(row, column, value != null);
                }
                continue;
            }
            String part = text(row, column, value);
            if (!part.isEmpty()) {
                parts.add(part);
            }
        }
        return String.join("\n", parts);
    }

    /** The prompt: one user message, or the conversation a single column holds as a list of messages; empty where there is no text. */
    List<Message> prompt(Fields row) {
        return conversation(row, ColumnMap.Role.PROMPT).orElseGet(() -> prompt(text(row, ColumnMap.Role.PROMPT)));
    }

    /** A text as a prompt. */
    static List<Message> prompt(String text) {
        return text.isBlank() ? List.of() : List.of(new Message("user", text));
    }

    /** The response to a prompt: a text, or as TRL writes it a list of messages, of the response alone or of prompt and response. */
    String response(Fields row, ColumnMap.Role role, List<Message> prompt) throws Rows.Unusable {
        Optional<List<Message>> conversation = conversation(row, role);
        if (conversation.isEmpty()) {
            return text(row, role);
        }
        List<Message> messages = conversation.get();
        if (messages.isEmpty() || !messages.getLast().role().equals("assistant")) {
            throw new Rows.Unusable("the messages do not end with one of the assistant");
        }
        List<Message> before = messages.subList(0, messages.size() - 1);
        if (!before.isEmpty() && !before.equals(prompt)) {
            throw new Rows.Unusable("the messages before the response are not the prompt");
        }
        return messages.getLast().content();
    }

    /** The messages of a role whose only column holds a list. */
    Optional<List<Message>> conversation(Fields row, ColumnMap.Role role) {
        List<String> columns = layout.columns().of(role);
        JsonNode only = row.values().get(columns.getFirst());
        return columns.size() == 1 && only != null && only.isArray() ? Optional.of(messages(row, columns.getFirst())) : Optional.empty();
    }

    /** The text of a column that every row must have. */
    String text(Fields row, String column) {
        return text(row, column, value(row, column));
    }

    /** A truth value, which CSV writes as a text. */
    boolean truth(Fields row, String column) {
        JsonNode value = value(row, column);
        String text = value.asText().toLowerCase(Locale.ROOT);
        if (!value.isBoolean() && !text.equals("true") && !text.equals("false")) {
            throw fault(row, "'" + column + "' holds " + (value.isValueNode() ? "'" + value.asText() + "'" : kind(value)) + "; true or false is needed");
        }
        return text.equals("true");
    }

    /** A list of messages, each with {@code role} and {@code content}, or as ShareGPT writes them with {@code from} and {@code value}. */
    List<Message> messages(Fields row, String column) {
        JsonNode value = value(row, column);
        if (!value.isArray()) {
            throw fault(row, "'" + column + "' holds " + kind(value) + "; a list of {\"role\": .., \"content\": ..} is needed");
        }
        List<Message> messages = new ArrayList<>();
        for (JsonNode item : value) {
            boolean shareGpt = item.has("from");
            JsonNode role = item.path(shareGpt ? "from" : "role");
            JsonNode content = item.path(shareGpt ? "value" : "content");
            if (!role.isTextual() || !content.isTextual()) {
                String lacking = role.isTextual() ? shareGpt ? "value" : "content" : shareGpt ? "from" : "role";
                throw fault(row, "'" + column + "', message " + (messages.size() + 1) + " has no text '" + lacking + "'; each message needs both, as texts");
            }
            messages.add(new Message(shareGpt ? speaker(role.asText()) : role.asText(), content.asText()));
        }
        return messages;
    }

    /** The role of a ShareGPT speaker; what is not known stays, for the chat template to judge. */
    private static String speaker(String from) {
        return switch (from) {
            case "human" -> "user";
            case "gpt", "chatgpt" -> "assistant";
            default -> from;
        };
    }

    /** A list of whole numbers. */
    int[] integers(Fields row, String column) {
        JsonNode value = value(row, column);
        if (!value.isArray()) {
            throw fault(row, "'" + column + "' holds " + kind(value) + "; a list of token ids is needed");
        }
        int[] numbers = new int[value.size()];
        for (int i = 0; i < numbers.length; i++) {
            JsonNode item = value.get(i);
            if (!item.isIntegralNumber() || !item.canConvertToInt()) {
                throw fault(row, "'" + column + "'[" + i + "] is " + item + "; a list of whole numbers of 32 bits is needed");
            }
            numbers[i] = item.intValue();
        }
        return numbers;
    }

    DataException fault(Fields row, String message) {
        return new DataException(file, row.place(), message, null);
    }

    /** What a JSON value is, in words. */
    static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "a list";
            case OBJECT -> "an object";
            case STRING -> "a text";
            case NUMBER -> "a number";
            case BOOLEAN -> "a truth value";
            case NULL -> "null";
            case MISSING, BINARY, POJO -> "a " + value.getNodeType().name().toLowerCase(Locale.ROOT) + " value";
        };
    }

    private String text(Fields row, String column, JsonNode value) {
        if (!value.isValueNode()) {
            throw fault(row, "'" + column + "' holds " + kind(value) + "; a text is needed, so map another column");
        }
        return value.asText();
    }

    private JsonNode value(Fields row, String column) {
        JsonNode value = row.values().get(column);
        if (value == null || value.isNull()) {
            throw missing(row, column, value != null);
        }
        return value;
    }

    private DataException missing(Fields row, String column, boolean isNull) {
        Set<String> present = row.values().keySet();
        String there = present.isEmpty() ? "none" : present.stream().collect(Collectors.joining(", "));
        return fault(row, (isNull ? "column '" + column + "' is null" : "has no column '" + column + "' (it has: " + there + ")")
                + "; give every row this column, take the row out, or map another column with --map");
    }
}
