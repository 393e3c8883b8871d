package io.safeprobe.shell.session;

import io.safeprobe.model.chat.Message;
import io.safeprobe.model.generate.Generator;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.tokenizer.StreamDecoder;
import io.safeprobe.sap.objective.Objective;
import java.util.List;
import java.util.function.Consumer;

/** Lets the open model, with what stands on top of it, answer; ends early when interrupted. */
public final class Responder {
    private final Session session;

    /** Answers in a session. */
    public Responder(Session session) {
        this.session = session;
    }

    /** An answer and its text. */
    public record Answer(Generator.Response response, String text) {}

    /** Answers a conversation; {@code parts} gets the text as it comes. */
    public Answer answer(List<Message> conversation, int maxNewTokens, Consumer<String> parts) {
        ModelFolder model = session.model();
        Objective objective = session.objective();
        StreamDecoder decoder = new StreamDecoder(model.tokenizer());
        StringBuilder text = new StringBuilder();
        Consumer<String> both = part -> {
            text.append(part);
            parts.accept(part);
        };
        Generator generator = new Generator(session.memory(), session.kernels(), model.config(), objective::frozen, model.stopIds());
        Generator.Response response = generator.generate(List.of(model.encoder().prompt(conversation)), maxNewTokens,
                session.settings().sampling(model.sampling()), session.settings().seed(), (sequence, id) -> both.accept(decoder.next(id)),
                session.interrupt()::requested).getFirst();
        both.accept(decoder.rest());
        return new Answer(response, text.toString());
    }
}
