package io.safeprobe.engine.kernel.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A fixed set of threads that share the parts of one task with the caller. A task is published in one volatile field and its parts
 * are taken from counters, so a hand-over costs well under a microsecond while the threads still spin, and a thread that wakes late
 * finds nothing left and holds nobody up. Each thread begins with its own share, the same part of the rows in every operation, since what it wrote in
 * the last one is still in its cache (2 % of a training step, a tenth of attention); then it takes what others have left of theirs. Threads spin for longer than the caller spends between two tasks of a step, 10 to 100 microseconds,
 * since to wake one that parked takes 100 to 300 on a virtual machine (seen: at 40 microseconds of spinning every fourth task woke
 * somebody, 25 ms of a step); but no longer, as other programs may want the cores.
 *
 * <p>Which thread takes which part is not certain, so parts must write to places of their own. One caller at a time.
 */
final class Workers implements AutoCloseable {
    private static final long SPIN_NANOS = 1_000_000;
    /** Spins between two looks at the clock. */
    private static final int SPINS = 32;
    private static final int RANGES_PER_THREAD = 5;
    /** Counters of two threads lie in different lines of the cache. */
    private static final int APART = 16;

    /** Computes one part with the arrays of the thread that runs it. */
    interface Task {
        void run(int part, Scratch scratch);
    }

    /** Computes the items {@code [from, to)}. */
    interface Range {
        void run(long from, long to, Scratch scratch);
    }

    private static final class Job {
        private final Task task;
        private final int parts;
        private final int fillers;
        private final AtomicIntegerArray next;
        private final int threads;
        private final AtomicInteger unfinished;
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        private volatile @Nullable Thread waiting;

        Job(Task task, int parts, int fillers, int threads) {
            this.task = task;
            this.parts = parts;
            this.fillers = fillers;
            this.threads = threads;
            this.next = new AtomicIntegerArray((threads + 1) * APART);
            this.unfinished = new AtomicInteger(parts + fillers);
        }

        /** Parts of the thread's own share, then what others have left of theirs, then fillers. */
        void takeParts(int thread, Scratch scratch) {
            for (int i = 0; i < threads; i++) {
                int owner = (thread + i) % threads;
                takeParts(owner, share(owner), share(owner + 1), scratch);
            }
            takeParts(threads, parts, parts + fillers, scratch);
        }

        private void takeParts(int counter, int from, int to, Scratch scratch) {
            for (int taken = next.getAndIncrement(counter * APART); taken < to - from; taken = next.getAndIncrement(counter * APART)) {
                takePart(from + taken, scratch);
            }
        }

        private int share(int thread) {
            return (int) ((long) parts * thread / threads);
        }

        private void takePart(int part, Scratch scratch) {
            try {
                if (failure.get() == null) {
                    task.run(part, scratch);
                }
            } catch (Throwable thrown) { // kept and thrown again in the caller
                failure.compareAndSet(null, thrown);
            }
            if (unfinished.decrementAndGet() == 0) {
                LockSupport.unpark(waiting);
            }
        }

        void await() {
            spin(() -> unfinished.get() > 0);
            if (unfinished.get() > 0) {
                waiting = Thread.currentThread();
                while (unfinished.get() > 0) {
                    LockSupport.park(this);
                }
            }
        }

        void rethrow() {
            switch (failure.get()) {
                case null -> {}
                case RuntimeException thrown -> throw thrown;
                case Error thrown -> throw thrown;
                case Throwable thrown -> throw new IllegalStateException("a kernel threw a checked exception", thrown);
            }
        }
    }

    private final class Worker implements Runnable {
        private final int number;
        private final Scratch scratch = new Scratch();
        private volatile boolean parked;

        Worker(int number) {
            this.number = number;
        }

        @Override
        public void run() {
            Job seen = null;
            while (!closed) {
                Job job = nextAfter(seen);
                if (job != null && job != seen) {
                    job.takeParts(number, scratch);
                }
                seen = job;
            }
        }

        /** The published job once it differs from {@code seen}, or the same one after a stray wake-up. */
        private @Nullable Job nextAfter(@Nullable Job seen) {
            spin(() -> current == seen && !closed);
            if (current != seen) {
                return current;
            }
            parked = true;
            if (current == seen && !closed) {
                LockSupport.park(this);
            }
            parked = false;
            return current;
        }
    }

    private final Thread[] threads;
    private final Worker[] workers;
    private final Scratch callerScratch = new Scratch();
    private volatile @Nullable Job current;
    private volatile boolean closed;

    /** A pool of {@code count} threads, the caller being one of them. */
    Workers(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("at least 1 thread is needed, not " + count);
        }
        workers = new Worker[count - 1];
        threads = new Thread[count - 1];
        for (int i = 0; i < threads.length; i++) {
            workers[i] = new Worker(i + 1);
            threads[i] = Thread.ofPlatform().daemon().name("kernels-" + (i + 1)).start(workers[i]);
        }
    }

    private static void spin(BooleanSupplier waiting) {
        long end = System.nanoTime() + SPIN_NANOS;
        while (waiting.getAsBoolean()) {
            for (int spin = 0; spin < SPINS && waiting.getAsBoolean(); spin++) {
                Thread.onSpinWait();
            }
            if (System.nanoTime() - end >= 0) {
                return;
            }
        }
    }

    /** Threads that take part, the caller included. */
    int count() {
        return threads.length + 1;
    }

    /** Arrays of the calling thread, for work that it does alone between tasks. */
    Scratch scratch() {
        return callerScratch;
    }

    /**
     * Runs parts {@code 0} to {@code parts - 1} and returns when all have ended. An exception of any part is thrown here, after the
     * parts already begun have ended; the others are skipped.
     */
    void run(int parts, Task task) {
        run(parts, 0, task);
    }

    /** The same with parts {@code parts} to {@code parts + fillers - 1} besides: short ones, which nobody begins while others are left, so that threads end together. */
    void run(int parts, int fillers, Task task) {
        if (closed) {
            throw new IllegalStateException("these kernels have been closed; make new ones");
        }
        if (parts + fillers <= 1 || threads.length == 0) {
            for (int part = 0; part < parts + fillers; part++) {
                task.run(part, callerScratch);
            }
            return;
        }
        Job job = new Job(task, parts, fillers, count());
        current = job;
        for (int i = 0; i < threads.length; i++) {
            if (workers[i].parked) {
                LockSupport.unpark(threads[i]);
            }
        }
        job.takeParts(0, callerScratch);
        job.await();
        job.rethrow();
    }

    /**
     * Splits {@code count} items into ranges of whole multiples of {@code grain}, which should be about 10 microseconds of work: less
     * than two grains run on the caller alone. A thread's first range is half of its share, the next a quarter, and so on: few ranges, which memory likes, and short ones at
     * the end, where a thread that has fallen behind is waited for (with four equal ones, a tenth of the time of a product in decoding).
     */
    void ranges(long count, long grain, Range range) {
        if (count == 0) {
            return;
        }
        long grains = (count + grain - 1) / grain;
        if (threads.length == 0 || grains < 2) {
            run(1, (_, scratch) -> range.run(0, count, scratch));
            return;
        }
        run(RANGES_PER_THREAD * count(), (part, scratch) -> {
            long from = grain * begin(part, grains);
            long to = Math.min(count, grain * begin(part + 1, grains));
            if (from < to) {
                range.run(from, to, scratch);
            }
        });
    }

    /** The first grain of a range; shares follow each other. */
    private long begin(int range, long grains) {
        int thread = range / RANGES_PER_THREAD;
        long from = grains * thread / count();
        long to = Math.min(grains, grains * (thread + 1) / count());
        return to - ((to - from) >> range % RANGES_PER_THREAD);
    }

    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
    }
}
