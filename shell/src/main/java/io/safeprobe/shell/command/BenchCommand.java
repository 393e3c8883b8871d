package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.report.Table;
import io.safeprobe.shell.session.Profiling;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures speed on the open model and data. */
@Command(name = "bench", description = {"Measure speed: whole training steps, generation, opening, memory.",
    "Works on the open model, 'data task' and 'data safety', and changes neither; 'bench new' writes a model of random weights to measure with."})
final class BenchCommand implements Callable<Integer> {
    private final Session session;

    @Option(names = "--methods", paramLabel = "NAMES", split = ",", defaultValue = "sft,paper,code",
            description = "What to measure: sft, or sap in the paper or code variant. Default: ${DEFAULT-VALUE}.")
    private List<String> methods = List.of();

    @Option(names = "--steps", paramLabel = "N", defaultValue = "5", description = "Steps measured of each. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(names = "--warmup", paramLabel = "N", defaultValue = "3", description = "Steps before those, while Java compiles. Default: ${DEFAULT-VALUE}.")
    private int warmup;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "10", description = "Rows a step. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(names = "--safety-batch", paramLabel = "N", defaultValue = "8", description = "Safety pairs a step. Default: ${DEFAULT-VALUE}.")
    private int safetyBatch;

    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "128", description = "Rows are cut to so many tokens. Default: ${DEFAULT-VALUE}.")
    private int maxTokens;

    @Option(names = "--safety-max-tokens", paramLabel = "N", defaultValue = "256", description = "Pairs likewise. Default: ${DEFAULT-VALUE}.")
    private int safetyMaxTokens;

    @Option(names = "--tokens", paramLabel = "N", defaultValue = "64", description = "Tokens generated, at least 2; 0 for none. Default: ${DEFAULT-VALUE}.")
    private int tokens;

    @Option(names = "--recompute", description = "As in train: compute layers again for the gradient, in less memory.")
    private boolean recompute;

    @Option(names = "--kernels", description = "Also show the time by kernel.")
    private boolean kernels;

    @Mixin
    private JsonOption json = new JsonOption();

    BenchCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (steps < 1 || warmup < 0 || tokens < 0 || tokens == 1) {
            throw new UsageException("--steps must be at least 1, --warmup at least 0, --tokens 0 for none or at least 2, between which the time is measured");
        }
        Benchmark benchmark = new Benchmark(session, new Benchmark.Plan(batch, safetyBatch, maxTokens, safetyMaxTokens, warmup, steps, recompute));
        List<Benchmark.Steps> measured = new ArrayList<>();
        double opening = benchmark.openSeconds();
        for (String method : methods) {
            Benchmark.Steps one = benchmark.steps(method);
            if (one.seconds().size() == steps) {
                measured.add(one);
            }
            if (session.interrupt().requested()) {
                break;
            }
        }
        Benchmark.Generation generation = tokens == 0 || session.interrupt().requested() ? null : benchmark.generate(tokens);
        if (generation != null && generation.tokensPerSecond() == 0) {
            generation = null; // interrupted before the second token
        }
        boolean complete = !session.interrupt().requested();
        session.output().endStatus();
        if (!complete) {
            session.output().message("interrupted: the figures are of what was measured until then");
        }
        if (json.wanted()) {
            ObjectNode node = Output.object().put("model", session.model().path().toString()).put("threads", session.threads()).put("open_seconds", opening);
            ObjectNode byMethod = node.putObject("methods");
            measured.forEach(one -> figures(byMethod.putObject(one.method()), one));
            if (generation != null) {
                node.putObject("generation").put("tokens_per_second", generation.tokensPerSecond()).put("weight_bytes_per_token", generation.weightBytes())
                        .put("gigabytes_per_second", generation.gigabytesPerSecond()).put("read_gigabytes_per_second", generation.streamGigabytesPerSecond());
            }
            session.output().json(node.put("peak_resident_bytes", Benchmark.peakResidentBytes()).put("complete", complete));
            return complete ? Status.OK : Status.INTERRUPTED;
        }
        if (!measured.isEmpty()) {
            table(measured);
        }
        if (generation != null) {
            session.output().line(String.format(Locale.ROOT, "generation: %.1f tokens/s, reading %s of weights a token: %.1f GB/s, %.0f%% of the %.1f GB/s that memory gives",
                    generation.tokensPerSecond(), Numbers.bytes(generation.weightBytes()), generation.gigabytesPerSecond(),
                    100 * generation.gigabytesPerSecond() / generation.streamGigabytesPerSecond(), generation.streamGigabytesPerSecond()));
        }
        session.output().line("opening: " + Numbers.duration(opening) + "; most memory of the process: " + Numbers.bytes(Benchmark.peakResidentBytes()) + ", mapped weights included; "
                + Numbers.count(session.threads(), "thread"));
        return complete ? Status.OK : Status.INTERRUPTED;
    }

    private void table(List<Benchmark.Steps> measured) {
        Table table = new Table("step", "median", "least", "most", "tokens/s", "tensors");
        for (Benchmark.Steps one : measured) {
            table.row(one.method(), Numbers.duration(one.median()), Numbers.duration(one.seconds().getFirst()), Numbers.duration(one.seconds().getLast()),
                    String.format(Locale.ROOT, "%,.0f", one.tokensPerSecond()), Numbers.bytes(one.peakBytes()));
        }
        table.print(session.output());
        if (kernels) {
            for (Benchmark.Steps one : measured) {
                session.output().line("");
                session.output().line(one.method() + ":");
                Profiling.table(one.profile()).print(session.output());
            }
        }
    }

    private static void figures(ObjectNode node, Benchmark.Steps one) {
        node.put("seconds_per_step", one.median()).put("tokens_per_second", one.tokensPerSecond()).put("peak_tensor_bytes", one.peakBytes());
        one.seconds().forEach(node.putArray("seconds")::add);
        Profiling.put(one.profile(), node.putArray("kernels"));
    }
}
