package io.safeprobe.engine.bench;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.runner.IterationType;

/**
 * The one benchmark that JMH sees: a case by its name. JMH warms up and says when to stop; the times that count are those of
 * {@link PairedTimes}, since JMH's own figure is the sum of both sides.
 *
 * <p>All cases run in one JVM. To start PyTorch for each would take longer than to measure, and the kernels of a training share
 * their compiled code as well.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(0)
public class PairedBenchmark {
    private static final AtomicReference<@Nullable Samples> LAST = new AtomicReference<>();

    /** Name of the case; {@link Main} gives it, and JMH insists on a default. */
    @Param("")
    public String name = "";

    /** Threads of our side. */
    @Param("1")
    public int threads = 1;

    private @Nullable Lab lab;
    private @Nullable PairedTimes times;
    private boolean measuring;

    /** What the last run of this benchmark has measured; once. */
    static Samples take() {
        return Objects.requireNonNull(LAST.getAndSet(null), "JMH has run nothing");
    }

    /** Makes and checks the case. */
    @Setup(Level.Trial)
    public void open() {
        lab = new Lab(threads);
        times = new PairedTimes(Cases.named(name).open(lab));
    }

    /** Notes whether times count yet. */
    @Setup(Level.Iteration)
    public void begin(IterationParams params) {
        measuring = params.getType() == IterationType.MEASUREMENT;
    }

    /** Our run and the other's. */
    @Benchmark
    public void pair() {
        Objects.requireNonNull(times).once(measuring);
    }

    /** Leaves the samples for {@link #take()}. */
    @TearDown(Level.Trial)
    public void close() {
        LAST.set(Objects.requireNonNull(times).samples(name));
        Objects.requireNonNull(lab).close();
    }
}
