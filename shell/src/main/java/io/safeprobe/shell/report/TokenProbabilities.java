package io.safeprobe.shell.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;

/** How likely each token of a response is, in nats; the end token is one of them. */
public record TokenProbabilities(List<Integer> ids, List<String> texts, List<Double> logProbs) {
    /** Copies the lists, which are of equal length. */
    public TokenProbabilities {
        ids = List.copyOf(ids);
        texts = List.copyOf(texts);
        logProbs = List.copyOf(logProbs);
        if (texts.size() != ids.size() || logProbs.size() != ids.size()) {
            throw new IllegalArgumentException(ids.size() + " tokens with " + texts.size() + " texts and " + logProbs.size() + " probabilities");
        }
    }

    private double sum() {
        return logProbs.stream().mapToDouble(Double::doubleValue).sum();
    }

    /** Adds {@code logprobs} with the tokens, and their sum, mean and perplexity; mean and perplexity are null where there is no token. */
    public void put(ObjectNode node) {
        ObjectNode all = node.putObject("logprobs");
        ArrayNode tokens = all.putArray("tokens");
        for (int i = 0; i < ids.size(); i++) {
            tokens.addObject().put("id", ids.get(i)).put("text", texts.get(i)).put("logprob", logProbs.get(i));
        }
        all.put("sum", sum());
        if (ids.isEmpty()) {
            all.putNull("mean").putNull("perplexity");
        } else {
            all.put("mean", sum() / ids.size()).put("perplexity", Math.exp(-sum() / ids.size()));
        }
    }

    /** Writes a table, and the sum below. */
    public void print(Output output) {
        Table table = new Table("token", "id", "log-probability", "probability");
        for (int i = 0; i < ids.size(); i++) {
            table.row(shown(texts.get(i)), String.valueOf(ids.get(i)), String.format(Locale.ROOT, "%.5f", logProbs.get(i)), Numbers.figure(Math.exp(logProbs.get(i))));
        }
        table.print(output);
        String mean = ids.isEmpty() ? "" : String.format(Locale.ROOT, ", mean %.5f, perplexity %.4f", sum() / ids.size(), Math.exp(-sum() / ids.size()));
        output.line(String.format(Locale.ROOT, "sum %.5f", sum()) + mean + ", over " + Numbers.count(ids.size(), "token"));
    }

    /** In quotes, so that spaces show, and on one line. */
    private static String shown(String text) {
        return "'" + text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "'";
    }
}
