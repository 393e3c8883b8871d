package io.safeprobe.model.chat;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The chat template of a model folder, looked for in the order of transformers: chat_template.jinja, then {@code chat_template} of tokenizer_config.json, a
 * text or a list of named ones of which {@code default} is taken, then chat_template.json, where processors of images keep theirs.
 */
final class TemplateFiles {
    private TemplateFiles() {}

    /** The template's text, or null. */
    static @Nullable String find(Path folder) {
        Path own = folder.resolve("chat_template.jinja");
        try {
            if (Files.isRegularFile(own)) {
                return Files.readString(own);
            }
        } catch (IOException failure) {
            throw new ModelException(own + " cannot be read: " + failure.getMessage(), failure);
        }
        for (String name : List.of("tokenizer_config.json", "chat_template.json")) {
            Path file = folder.resolve(name);
            JsonNode template = Files.isRegularFile(file) ? ConfigFile.json(file).path("chat_template") : null;
            if (template != null && !template.isMissingNode() && !template.isNull()) {
                return text(file, template);
            }
        }
        if (Files.isDirectory(folder.resolve("additional_chat_templates"))) {
            throw new ModelException(folder + " has additional_chat_templates but no chat_template.jinja; copy the one to use to chat_template.jinja");
        }
        return null;
    }

    private static String text(Path file, JsonNode template) {
        if (template.isTextual()) {
            return template.asText();
        }
        List<String> names = new ArrayList<>();
        for (JsonNode one : template) {
            if (one.path("name").asText().equals("default")) {
                return one.path("template").asText();
            }
            names.add(one.path("name").asText("?"));
        }
        throw new ModelException(file + ": chat_template is a list without one that is named 'default', only " + names
                + "; put the one to use in chat_template.jinja");
    }
}
