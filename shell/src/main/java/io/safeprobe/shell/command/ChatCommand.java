package io.safeprobe.shell.command;

import io.safeprobe.model.chat.Message;
import io.safeprobe.model.generate.GenerationConfig;
import io.safeprobe.model.generate.TextGenerator;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.Responder;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Holds a conversation. */
@Command(name = "chat", description = {"Talk to the model.",
    "The lines that follow are what you say; /reset begins anew, /end or the end of input leaves."})
final class ChatCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    ChatCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Settings settings = sampling.over(session.settings());
        session.model().tokenizer();
        GenerationConfig config = settings.generation(session.model().generation());
        sampling.requireSampling(config.sampling().greedy());
        Output output = session.output();
        output.message(output.style().dim("/reset begins anew, /end leaves"));
        List<Message> conversation = new ArrayList<>();
        Responder responder = new Responder(session);
        for (String said = session.lines().next("you> "); said != null && !said.strip().equals("/end"); said = session.lines().next("you> ")) {
            if (said.strip().equals("/reset")) {
                conversation.clear();
                output.message(output.style().dim("a new conversation"));
            } else if (!said.isBlank()) {
                session.interrupt().reset();
                conversation.add(new Message("user", said.strip()));
                TextGenerator.Answer answer = responder.answer(conversation, config, settings.seed(), output::part);
                output.line("");
                conversation.add(new Message("assistant", answer.text()));
                if (session.interrupt().requested() && !session.typed()) {
                    return Status.INTERRUPTED;
                }
            }
        }
        session.interrupt().reset();
        return Status.OK;
    }
}
