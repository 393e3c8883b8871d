package io.safeprobe.engine.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Measures the chosen cases one after the other, prints the table and writes {@code kernels.json}. */
public final class Main {
    /** System property: where files go. */
    static final String TARGET = "bench.target";

    private Main() {}

    /** Exit status: 0, 1 a wrong result or a stuck compiler, 2 usage. */
    public static void main(String[] words) throws IOException {
        Arguments arguments;
        List<String> names;
        try {
            arguments = Arguments.parse(List.of(words));
            names = arguments.names();
        } catch (IllegalArgumentException wrong) {
            System.err.println("bench: " + wrong.getMessage() + "\n" + Arguments.USAGE);
            System.exit(2);
            return;
        }
        if (arguments.list()) {
            names.forEach(System.out::println);
            return;
        }
        try {
            System.exit(measure(arguments, names) ? 0 : 1);
        } catch (RunnerException failure) {
            System.err.println("bench: " + reason(failure));
            System.exit(1);
        }
    }

    private static boolean measure(Arguments arguments, List<String> names) throws IOException, RunnerException {
        Path target = Path.of(System.getProperty(TARGET, "target"));
        Files.createDirectories(target);
        Peer.configure(arguments.threads(), target.resolve("djl"));
        List<Samples> measured = new ArrayList<>();
        for (String name : names) {
            System.err.println("bench: " + (measured.size() + 1) + " of " + names.size() + ": " + name);
            new Runner(options(arguments, name)).run();
            measured.add(PairedBenchmark.take());
        }
        Report report = new Report(arguments.threads(), measured);
        System.out.println(report.table());
        report.write(target.resolve("kernels.json"));
        List<String> stuck = report.stuck();
        stuck.forEach(sentence -> System.err.println("bench: " + sentence));
        return stuck.isEmpty();
    }

    private static Options options(Arguments arguments, String name) {
        long millis = Math.round(arguments.seconds() * 1000);
        return new OptionsBuilder()
                .include(PairedBenchmark.class.getName())
                .param("name", name)
                .param("threads", Integer.toString(arguments.threads()))
                .warmupIterations(1)
                .warmupTime(TimeValue.milliseconds(millis / 2))
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(millis))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
    }

    /** The innermost cause, which JMH has wrapped. */
    private static String reason(Throwable failure) {
        Throwable inner = failure;
        while (inner.getCause() != null || inner.getSuppressed().length > 0) {
            inner = inner.getCause() != null ? inner.getCause() : inner.getSuppressed()[0];
        }
        return inner.toString();
    }
}
