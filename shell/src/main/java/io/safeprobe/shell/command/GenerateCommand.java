package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.model.chat.EncodedRow;
import io.safeprobe.model.chat.Message;
import io.safeprobe.model.generate.GenerationConfig;
import io.safeprobe.model.generate.Generator;
import io.safeprobe.model.generate.Likelihood;
import io.safeprobe.model.generate.TextGenerator;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.report.TokenProbabilities;
import io.safeprobe.shell.session.Responder;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.Settings;
import io.safeprobe.shell.session.UsageException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Answers one prompt, or measures an answer. */
@Command(name = "generate", description = {"Answer a prompt, or say how likely a response to it is.",
    "The prompt is put as the model's chat template wants it. Sampling is as generation_config.json says, but for what is set or given here."})
final class GenerateCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(arity = "1..*", paramLabel = "\"TEXT\"", description = "The prompt.")
    private List<String> text = List.of();

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Option(names = "--logprobs", description = {"Also give the log-probability of each token of the response and of its end token, and their sum, mean and perplexity:",
        "of the model itself, before temperature and penalties."})
    private boolean logProbs;

    @Option(names = "--response", paramLabel = "TEXT", description = "Generate nothing, but give the log-probabilities of this response and its end token, in tokens as for 'train'.")
    private @Nullable String given;

    @Mixin
    private JsonOption json = new JsonOption();

    GenerateCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Settings settings = sampling.over(session.settings());
        String prompt = String.join(" ", text);
        if (prompt.isBlank()) {
            throw new UsageException("the prompt is empty; give a text to answer, such as: generate \"Write a poem\"");
        }
        List<Message> conversation = List.of(new Message("user", prompt));
        String response = given;
        if (response == null) {
            return answer(prompt, conversation, settings);
        }
        sampling.requireNone("--response");
        return measure(prompt, conversation, response);
    }

    private int answer(String prompt, List<Message> conversation, Settings settings) {
        GenerationConfig config = settings.generation(session.model().generation()).withLogProbs(logProbs);
        sampling.requireSampling(config.sampling().greedy());
        Output output = session.output();
        long start = System.nanoTime();
        TextGenerator.Answer answer = new Responder(session).answer(conversation, config, settings.seed(), json.wanted() ? part -> {} : output::part);
        double seconds = (System.nanoTime() - start) / 1e9;
        Generator.Response response = answer.response();
        int count = response.ids().size();
        int[] ids = IntStream.concat(response.ids().stream().mapToInt(Integer::intValue), response.end().stream()).toArray();
        if (json.wanted()) {
            ObjectNode node = Output.object().put("prompt", prompt).put("response", answer.text()).put("tokens", count).put("finished", response.finished())
                    .put("seconds", seconds).put("tokens_per_second", count / seconds);
            if (logProbs) {
                probabilities(ids, response.logProbs()).put(node);
            }
            output.json(node);
        } else {
            output.line("");
            if (logProbs) {
                probabilities(ids, response.logProbs()).print(output);
            }
            output.message(output.style().dim(Numbers.count(count, "token") + ", " + String.format(Locale.ROOT, "%.0f tokens/s", count / seconds)
                    + (response.finished() ? "" : session.interrupt().requested() ? ", interrupted" : ", cut at the most tokens")));
        }
        return session.interrupt().requested() ? Status.INTERRUPTED : Status.OK;
    }

    private int measure(String prompt, List<Message> conversation, String response) {
        EncodedRow row = session.model().encoder().encode(conversation, response);
        int from = (int) Arrays.stream(row.labels()).takeWhile(label -> label == EncodedRow.IGNORED).count();
        Likelihood likelihood = new Likelihood(session.memory(), session.kernels(), session.model().config(), session.objective()::frozen);
        TokenProbabilities measured = probabilities(Arrays.copyOfRange(row.ids(), from, row.ids().length), likelihood.logProbabilities(row.ids(), from));
        if (json.wanted()) {
            ObjectNode node = Output.object().put("prompt", prompt).put("response", response);
            measured.put(node);
            session.output().json(node);
        } else {
            measured.print(session.output());
        }
        return Status.OK;
    }

    private TokenProbabilities probabilities(int[] ids, List<Double> values) {
        return new TokenProbabilities(Arrays.stream(ids).boxed().toList(), TokenText.pieces(session, ids), values);
    }
}
