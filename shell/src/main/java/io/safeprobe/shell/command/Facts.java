package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.Labels;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.sap.data.DataReport;
import io.safeprobe.sap.objective.Trainable;
import io.safeprobe.shell.report.AdapterText;
import io.safeprobe.shell.report.DataSummary;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.Adapters;
import io.safeprobe.shell.session.DataSlot;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.Tuned;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What is open, in words and as JSON. */
final class Facts {
    private static final int SHOWN = 8;

    private Facts() {}

    static List<String> modelLines(Session session) {
        ModelFolder model = session.opened();
        DecoderConfig config = model.config();
        List<String> lines = new ArrayList<>();
        lines.add("model    " + model.path() + ": " + architecture(model) + ", " + Numbers.count(model.parameters()) + " parameters in "
                + model.dtype().shortName() + (model.storedType() == model.dtype() ? "" : ", stored in " + model.storedType().shortName()));
        model.labels().ifPresent(labels -> lines.add("         classifier of " + Numbers.count(labels.names().size(), "label") + ": "
                + String.join(", ", labels.names().stream().limit(SHOWN).toList()) + (labels.names().size() > SHOWN ? ", .." : "")
                + "; use it with: classify"));
        lines.add("         " + Numbers.count(config.layers(), "layer") + " of width " + config.hidden() + ", " + config.heads() + " heads ("
                + config.kvHeads() + " for keys and values), vocabulary " + config.vocabulary() + ", context " + config.maxPositions());
        lines.add("         " + (model.hasTokenizer() ? "tokenizer" : "no tokenizer: only rows with token ids can be used") + ", "
                + (model.hasChatTemplate() ? "chat template" : "no chat template: prompts are used as they are"));
        difference(model).ifPresent(text -> lines.add("         " + text));
        if (!model.unusedTensors().isEmpty()) {
            lines.add("         " + Numbers.count(model.unusedTensors().size(), "stored tensor") + " not used: "
                    + String.join(", ", model.unusedTensors().stream().limit(3).toList()) + (model.unusedTensors().size() > 3 ? ", .." : ""));
        }
        if (!config.dropout().isEmpty()) {
            lines.add("         config.json asks for dropout in training, which is not applied: " + String.join(", ",
                    config.dropout().entrySet().stream().map(asked -> asked.getKey() + " " + asked.getValue()).toList()));
        }
        lines.addAll(adapterLines(session));
        return lines;
    }

    private static Optional<String> difference(ModelFolder model) {
        return model.hasTokenizer() ? model.tokenizer().difference() : Optional.empty();
    }

    /** One line for each open adapter; a star marks the one in use where there are several, or none is. */
    static List<String> adapterLines(Session session) {
        Adapters adapters = session.adapters();
        boolean alone = adapters.names().equals(List.of(adapters.active()));
        List<String> lines = new ArrayList<>();
        adapters.all().forEach((name, tuned) -> lines.add((lines.isEmpty() ? "adapter  " : "         ")
                + (alone ? "" : (name.equals(adapters.active()) ? "* " : "  ") + name + " = ") + tuned.origin() + ": " + kind(tuned.trainable()) + ", "
                + Numbers.count(tuned.parameters()) + " parameters"));
        return lines;
    }

    private static String kind(Trainable trainable) {
        return switch (trainable) {
            case Trainable.Lora(var adapter) -> AdapterText.of(adapter.config());
            case Trainable.Full _ -> "all weights";
        };
    }

    private static String architecture(ModelFolder model) {
        return model.labels().map(Labels::architecture).orElse(model.config().architecture());
    }

    static ObjectNode model(Session session) {
        ModelFolder model = session.opened();
        DecoderConfig config = model.config();
        ObjectNode json = Output.object();
        json.put("model", model.path().toString()).put("architecture", architecture(model)).put("parameters", model.parameters());
        json.put("dtype", model.dtype().shortName()).put("stored_dtype", model.storedType().shortName());
        json.put("layers", config.layers()).put("hidden", config.hidden());
        json.put("vocabulary", config.vocabulary()).put("context", config.maxPositions());
        json.put("tokenizer", model.hasTokenizer()).put("chat_template", model.hasChatTemplate());
        difference(model).ifPresent(text -> json.put("tokenizer_difference", text));
        ObjectNode dropout = json.putObject("dropout_not_applied");
        config.dropout().forEach(dropout::put);
        ArrayNode unused = json.putArray("unused_tensors");
        model.unusedTensors().forEach(unused::add);
        model.labels().ifPresent(labels -> labels.names().forEach(json.putArray("labels")::add));
        session.tuned().ifPresentOrElse(
                tuned -> json.putObject("adapter").put("origin", tuned.origin()).put("parameters", tuned.parameters()), () -> json.putNull("adapter"));
        adapters(json, session);
        return json;
    }

    /** The open adapters as {@code adapters}. */
    static ObjectNode adapters(ObjectNode json, Session session) {
        ArrayNode list = json.putArray("adapters");
        session.adapters().all().forEach((name, tuned) -> list.addObject().put("name", name).put("origin", tuned.origin()).put("kind", kind(tuned.trainable()))
                .put("parameters", tuned.parameters()).put("in_use", name.equals(session.adapters().active())));
        return json;
    }

    /** Reports on the open data, by what it is for. */
    static Map<String, Optional<DataReport>> data(Session session) {
        Map<String, Optional<DataReport>> data = new java.util.LinkedHashMap<>();
        data.put("task", session.openTask().map(DataSlot::report));
        data.put("safety", session.openSafety().map(DataSlot::report));
        data.put("prompts", session.openPrompts().map(DataSlot::report));
        return data;
    }

    static List<String> dataLines(Session session) {
        List<String> lines = new ArrayList<>();
        data(session).forEach((kind, report) -> {
            String label = String.format(Locale.ROOT, "%-9s", kind);
            List<String> summary = report.map(found -> DataSummary.lines(found, unit(kind))).orElse(List.of("none; open some with: data " + kind + " FILE"));
            lines.add(label + summary.getFirst());
            summary.stream().skip(1).forEach(line -> lines.add("         " + line.strip()));
        });
        return lines;
    }

    static String unit(String kind) {
        return switch (kind) {
            case "safety" -> "pair";
            case "prompts" -> "prompt";
            default -> "row";
        };
    }
}
