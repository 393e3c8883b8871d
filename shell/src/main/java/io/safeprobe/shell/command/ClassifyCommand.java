package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.model.chat.ChatEncoder;
import io.safeprobe.model.chat.Message;
import io.safeprobe.model.classify.Classifier;
import io.safeprobe.model.config.Labels;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.sap.data.ColumnMap;
import io.safeprobe.sap.data.Prompt;
import io.safeprobe.shell.progress.Countdown;
import io.safeprobe.shell.report.DataSummary;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.report.Table;
import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.DataFiles;
import io.safeprobe.shell.session.Session;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Judges texts. */
@Command(name = "classify", description = {"Judge texts with a classifier.",
    "The open model must be a ...ForSequenceClassification folder. Prints the labels of a text with their scores, or the best label of each text of a file."})
final class ClassifyCommand implements Callable<Integer> {
    private static final int BATCH = 16;
    private static final int SHOWN = 60;

    private final Session session;

    @Parameters(arity = "0..*", paramLabel = "\"TEXT\"", description = "The text to judge.")
    private List<String> text = List.of();

    @Option(names = "--file", paramLabel = "FILE", description = "Judge the texts of a file, read as for 'data prompts'.")
    private @Nullable Path file;

    @Option(names = "--map", paramLabel = "MAP", description = "Columns of the file, as for 'data prompts'.")
    private @Nullable String map;

    @Option(names = "--limit", paramLabel = "N", description = "Read the first N records of the file only; 0 for all.")
    private int limit;

    @Option(names = "--chat", description = "Put each text as what the user says into the chat template; without it texts are judged as they are.")
    private boolean chat;

    @Mixin
    private JsonOption json = new JsonOption();

    ClassifyCommand(Session session) {
        this.session = session;
    }

    /** A text and the scores of its labels. */
    private record Judged(String text, List<Double> scores) {
        List<Integer> ranked() {
            return IntStream.range(0, scores.size()).boxed().sorted(Comparator.comparingDouble(label -> -scores.get(label))).toList();
        }
    }

    @Override
    public Integer call() {
        ModelFolder model = session.judge();
        Labels labels = model.labels().orElseThrow();
        if ((file == null) == text.isEmpty()) {
            throw new CommandException("give either a text or --file FILE");
        }
        if (chat && !model.hasChatTemplate()) {
            throw new CommandException(model.path() + " has no chat template; leave --chat out");
        }
        List<List<Message>> conversations = conversations();
        List<Judged> judged = judge(model, labels, conversations);
        boolean complete = judged.size() == conversations.size();
        if (json.wanted()) {
            session.output().json(json(model, labels, judged).put("complete", complete));
        } else if (file == null && complete) {
            all(labels, judged.getFirst());
        } else {
            best(labels, judged);
        }
        if (!complete) {
            session.output().message("interrupted: " + Numbers.count(judged.size()) + " of " + Numbers.count(conversations.size(), "text") + " judged");
        }
        return complete ? Status.OK : Status.INTERRUPTED;
    }

    private List<List<Message>> conversations() {
        Path from = file;
        if (from == null) {
            return List.of(List.of(new Message("user", String.join(" ", text))));
        }
        String columns = map;
        var prompts = DataFiles.prompts(session.path(from.toString()), columns == null ? null : ColumnMap.parse(columns), limit);
        DataSummary.lines(prompts.report(), "text").forEach(session.output()::message);
        return prompts.data().prompts().stream().map(Prompt::messages).toList();
    }

    private List<Judged> judge(ModelFolder model, Labels labels, List<List<Message>> conversations) {
        Classifier classifier = new Classifier(session.memory(), session.kernels(), model.config(), model.weights(), labels);
        ChatEncoder encoder = model.encoder();
        Countdown progress = new Countdown(session.output(), "classify", "texts", conversations.size());
        List<Judged> judged = new ArrayList<>();
        for (int from = 0; from < conversations.size() && !session.interrupt().requested(); from += BATCH) {
            List<List<Message>> part = conversations.subList(from, Math.min(conversations.size(), from + BATCH));
            List<int[]> ids = part.stream().map(messages -> chat ? encoder.whole(messages) : model.tokenizer().encode(plain(messages), true)).toList();
            List<double[]> logits = classifier.logits(ids, session.interrupt()::requested);
            for (int i = 0; i < logits.size(); i++) {
                judged.add(new Judged(plain(part.get(i)), Arrays.stream(labels.scores(logits.get(i))).boxed().toList()));
            }
            progress.done(judged.size());
        }
        session.output().endStatus();
        return judged;
    }

    private static String plain(List<Message> messages) {
        return messages.stream().map(Message::content).collect(Collectors.joining("\n"));
    }

    private static ObjectNode json(ModelFolder model, Labels labels, List<Judged> judged) {
        ObjectNode node = Output.object().put("model", model.path().toString());
        ArrayNode texts = node.putArray("texts");
        for (Judged one : judged) {
            ObjectNode entry = texts.addObject().put("text", one.text()).put("label", labels.names().get(one.ranked().getFirst()));
            ObjectNode scores = entry.putObject("scores");
            one.ranked().forEach(label -> scores.put(labels.names().get(label), one.scores().get(label)));
        }
        return node;
    }

    private void all(Labels labels, Judged judged) {
        Table table = new Table("label", heading(labels));
        judged.ranked().forEach(label -> table.row(labels.names().get(label), Numbers.figure(judged.scores().get(label))));
        table.print(session.output());
    }

    private void best(Labels labels, List<Judged> judged) {
        Table table = new Table(2, "text", "label", heading(labels));
        for (Judged one : judged) {
            int label = one.ranked().getFirst();
            String line = one.text().replaceAll("\\s+", " ").strip();
            table.row(line.length() <= SHOWN ? line : line.substring(0, SHOWN - 2) + "..", labels.names().get(label), Numbers.figure(one.scores().get(label)));
        }
        table.print(session.output());
    }

    private static String heading(Labels labels) {
        return labels.scores() == Labels.Scores.RAW ? "score" : "probability";
    }
}
