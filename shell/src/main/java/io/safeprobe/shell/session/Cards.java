package io.safeprobe.shell.session;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.hub.MergedFolder;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.Tuning;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraConfig;
import io.safeprobe.model.lora.PeftFolder;
import io.safeprobe.sap.objective.Trainable;
import io.safeprobe.shell.report.ModelCard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Saves what was trained, each folder with its model card. */
public final class Cards {
    private static final String CARD = "README.md";
    /** A folder of the Hub's cache. */
    private static final Pattern CACHED = Pattern.compile(".*/models--([^/]+?)--([^/]+)/snapshots/[^/]+");

    private Cards() {}

    /** An adapter, as a PEFT folder. */
    public static void writeAdapter(Session session, LoraAdapter adapter, @Nullable Made made, List<String> scores, Path target) {
        PeftFolder.write(adapter, target);
        try {
            Files.writeString(target.resolve(CARD), card(session, ModelCard.Kind.ADAPTER, adapter.config(), made, scores));
        } catch (IOException failure) {
            throw new CommandException(target.resolve(CARD) + " cannot be written: " + failure.getMessage() + "; free some space or choose another folder", failure);
        }
    }

    /** The whole model, with what was trained folded in. */
    public static void writeModel(Session session, Trainable trainable, @Nullable Made made, List<String> scores, Path target) {
        switch (trainable) {
            case Trainable.Lora(var adapter) ->
                MergedFolder.write(session.memory(), session.model(), Tuning.of(adapter), card(session, ModelCard.Kind.MERGED, adapter.config(), made, scores), target);
            case Trainable.Full(var tensors) ->
                MergedFolder.write(session.memory(), session.model(), Tuning.of(tensors), card(session, ModelCard.Kind.FULL, null, made, scores), target);
        }
    }

    private static String card(Session session, ModelCard.Kind kind, @Nullable LoraConfig adapter, @Nullable Made made, List<String> scores) {
        return new ModelCard(kind, baseName(session.model()), adapter, made == null ? null : made.config(), made == null ? 0 : made.steps(), scores).text();
    }

    /** As the Hub names it, where the folder or its config.json tells; else the folder's own name, never its path. */
    static String baseName(ModelFolder model) {
        Path path = model.path().toAbsolutePath().normalize();
        Matcher cached = CACHED.matcher(path.toString());
        if (cached.matches()) {
            return cached.group(1) + "/" + cached.group(2);
        }
        JsonNode given = ConfigFile.json(path.resolve("config.json")).path("_name_or_path");
        return given.asText("").matches("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*") ? given.asText() : String.valueOf(path.getFileName());
    }
}
