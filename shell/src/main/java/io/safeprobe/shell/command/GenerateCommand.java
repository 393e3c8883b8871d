package io.safeprobe.shell.command;

import io.safeprobe.model.chat.Message;
import io.safeprobe.model.generate.Generator;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.Responder;
import io.safeprobe.shell.session.Session;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Answers one prompt. */
@Command(name = "generate", description = {"Answer a prompt.",
    "The prompt is put as the model's chat template wants it; 'set' changes sampling."})
final class GenerateCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(arity = "1..*", paramLabel = "\"TEXT\"", description = "The prompt.")
    private List<String> text = List.of();

    @Option(names = "--max-new-tokens", paramLabel = "N", description = "Most tokens of the response. Default: that of 'set max-new-tokens'.")
    private @Nullable Integer maxNewTokens;

    @Mixin
    private JsonOption json = new JsonOption();

    GenerateCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (maxNewTokens != null && maxNewTokens < 1) {
            throw new CommandException("--max-new-tokens must be at least 1, not " + maxNewTokens);
        }
        int tokens = maxNewTokens == null ? session.settings().maxNewTokens() : maxNewTokens;
        String prompt = String.join(" ", text);
        Output output = session.output();
        long start = System.nanoTime();
        Responder.Answer answer = new Responder(session).answer(List.of(new Message("user", prompt)), tokens, json.wanted() ? part -> {} : output::part);
        double seconds = (System.nanoTime() - start) / 1e9;
        Generator.Response response = answer.response();
        int count = response.ids().size();
        if (json.wanted()) {
            output.json(Output.object().put("prompt", prompt).put("response", answer.text()).put("tokens", count).put("finished", response.finished())
                    .put("seconds", seconds).put("tokens_per_second", count / seconds));
        } else {
            output.line("");
            output.message(output.style().dim(Numbers.count(count, "token") + ", " + String.format(Locale.ROOT, "%.0f tokens/s", count / seconds)
                    + (response.finished() ? "" : session.interrupt().requested() ? ", interrupted" : ", cut at --max-new-tokens")));
        }
        return session.interrupt().requested() ? Status.INTERRUPTED : Status.OK;
    }
}
