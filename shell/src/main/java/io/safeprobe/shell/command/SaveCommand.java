package io.safeprobe.shell.command;

import io.safeprobe.sap.objective.Trainable;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.Cards;
import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.Folders;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.Tuned;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Writes what was trained. */
@Command(name = "save", description = "Write the adapter as a PEFT folder, or the whole model where all weights were trained.")
final class SaveCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "DIR", description = "Folder to make; it must not exist.")
    private Path folder = Path.of("");

    @Mixin
    private JsonOption json = new JsonOption();

    SaveCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Path target = session.path(folder.toString());
        session.model();
        Tuned tuned = session.tuned().orElseThrow(
                () -> new CommandException("there is nothing to save: train first, or open an adapter; the model itself is in " + session.model().path()));
        String what = switch (tuned.trainable()) {
            case Trainable.Lora(var adapter) -> {
                Folders.make(target, made -> Cards.writeAdapter(session, adapter, tuned.made(), session.scores(tuned), made));
                yield "adapter";
            }
            case Trainable.Full full -> {
                Folders.make(target, made -> Cards.writeModel(session, full, tuned.made(), session.scores(tuned), made));
                yield "model";
            }
        };
        if (json.wanted()) {
            session.output().json(Output.object().put("saved", target.toString()).put("kind", what));
        } else {
            session.output().message(what + " saved in " + target);
        }
        return Status.OK;
    }
}
