package io.safeprobe.shell.session;

import io.safeprobe.model.chat.Message;
import io.safeprobe.model.generate.GenerationConfig;
import io.safeprobe.model.generate.Seeds;
import io.safeprobe.model.generate.TextGenerator;
import java.util.List;
import java.util.function.Consumer;

/** Lets the open model, with what stands on top of it, answer; ends early when interrupted. */
public final class Responder {
    private final Session session;

    /** Answers in a session. */
    public Responder(Session session) {
        this.session = session;
    }

    /** Answers a conversation; {@code parts} gets the text as it comes. */
    public TextGenerator.Answer answer(List<Message> conversation, GenerationConfig config, long seed, Consumer<String> parts) {
        List<int[]> prompts = List.of(session.model().encoder().prompt(conversation));
        return session.generator().generate(prompts, config, Seeds.of(seed), (sequence, part) -> parts.accept(part), session.interrupt()::requested).getFirst();
    }
}
