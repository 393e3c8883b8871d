package io.safeprobe.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * What a folder of a sequence classifier (such as LlamaForSequenceClassification) says of its labels.
 *
 * @param architecture the class name of config.json
 * @param names the labels in the order of the logits
 * @param scores how logits become scores
 * @param padId the id that is passed over when the last token is looked for, as transformers does; empty where config.json has none
 */
public record Labels(String architecture, List<String> names, Scores scores, OptionalInt padId) {
    /** How class names of classifiers end. */
    static final String CLASS_SUFFIX = "ForSequenceClassification";

    /** The head of a classifier, {@code [labels, hidden]}, without a bias. */
    public static final String HEAD = "score.weight";

    /** How logits become scores; chosen as the text-classification pipeline of transformers chooses it. */
    public enum Scores {
        /** One label holds: probabilities that sum to 1. */
        SOFTMAX,
        /** Each label holds or not: a probability of its own. */
        SIGMOID,
        /** A regression: the logits themselves. */
        RAW
    }

    /** Copies the names. */
    public Labels {
        names = List.copyOf(names);
    }

    static Labels read(String architecture, JsonNode config) {
        List<String> names = names(config);
        JsonNode pad = config.path("pad_token_id");
        return new Labels(architecture, names, scores(config.path("problem_type").asText(""), names.size()),
                pad.canConvertToInt() ? OptionalInt.of(pad.asInt()) : OptionalInt.empty());
    }

    private static List<String> names(JsonNode config) {
        JsonNode named = config.path("id2label");
        int count = config.path("num_labels").asInt(named.isObject() ? named.size() : 2);
        if (count < 1 || (named.isObject() && named.size() != count)) {
            throw new ModelException("config.json has num_labels " + count + " but names " + named.size() + " in id2label; correct the one that is wrong");
        }
        List<String> names = new ArrayList<>();
        for (int id = 0; id < count; id++) {
            JsonNode name = named.path(Integer.toString(id));
            if (named.isObject() && !name.isTextual()) {
                throw new ModelException("config.json: id2label has no name for label " + id + " of " + count + ", only " + named);
            }
            names.add(name.asText("LABEL_" + id));
        }
        return names;
    }

    private static Scores scores(String problem, int labels) {
        return switch (problem) {
            case "regression" -> Scores.RAW;
            case "multi_label_classification" -> Scores.SIGMOID;
            case "single_label_classification", "", "null" -> labels == 1 ? Scores.SIGMOID : Scores.SOFTMAX;
            default -> throw new ModelException("config.json: problem_type '" + problem
                    + "' is not supported; regression, single_label_classification and multi_label_classification are");
        };
    }

    /** Scores of the labels given their logits. */
    public double[] scores(double[] logits) {
        double[] scores = logits.clone();
        switch (scores()) {
            case RAW -> {}
            case SIGMOID -> Arrays.setAll(scores, i -> 1 / (1 + Math.exp(-logits[i])));
            case SOFTMAX -> {
                double max = Arrays.stream(logits).max().orElse(0);
                double sum = Arrays.stream(logits).map(logit -> Math.exp(logit - max)).sum();
                Arrays.setAll(scores, i -> Math.exp(logits[i] - max) / sum);
            }
        }
        return scores;
    }
}
