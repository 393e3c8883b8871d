package io.safeprobe.shell.command;

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

/** Writes the model with the adapter folded in. */
@Command(name = "merge", description = "Write a whole model folder with the adapter folded in.")
final class MergeCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "DIR", description = "Folder to make; it must not exist.")
    private Path folder = Path.of("");

    @Mixin
    private JsonOption json = new JsonOption();

    MergeCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Path target = session.path(folder.toString());
        session.model();
        Tuned tuned = session.tuned().orElseThrow(() -> new CommandException("there is no adapter to fold in; train first, or open one with: open DIR --adapter DIR"));
        Folders.make(target, made -> Cards.writeModel(session, tuned.trainable(), tuned.made(), session.scores(tuned), made));
        if (json.wanted()) {
            session.output().json(Output.object().put("merged", target.toString()));
        } else {
            session.output().message("model saved in " + target);
        }
        return Status.OK;
    }
}
