package io.safeprobe.shell;

import java.nio.file.Path;

/** Files of the project that tests use. */
final class Golden {
    private static final Path FOLDER = Path.of("..", "testdata", "golden").toAbsolutePath().normalize();

    static final String MODEL = FOLDER.resolve("tiny-llama").toString();
    static final String JUDGE = FOLDER.resolve("judge-llama").toString();
    static final String TASK = FOLDER.resolve("task.jsonl").toString();
    static final String PAIRS = FOLDER.resolve("pairs.jsonl").toString();
    /** Opens a tiny model of random weights, rows and pairs of token ids. */
    static final String OPEN = "open " + MODEL + "; data task " + TASK + "; data safety " + PAIRS + "; ";

    private Golden() {}
}
