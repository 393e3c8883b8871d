package uk.ac.manchester.tornado.api;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import jdk.internal.vm.Continuation;
import jdk.internal.vm.ContinuationScope;

/**
 * The lanes of one work-group, on the thread of the caller. Each is a continuation, which is what the JDK makes virtual threads of: it runs to its
 * next barrier, then the next lane does. So the order is always the same and a change of lanes costs a fraction of what it does between threads.
 * Where the first lane comes to its end without a barrier, none may have one, and the others are plain calls.
 */
final class WorkGroup {
    private static final ContinuationScope LANES = new ContinuationScope("lanes");

    private final Consumer<KernelContext> kernel;
    private final int index;
    private final int groups;
    private final int lanes;
    private final boolean backwards;
    private final List<Object> local = new ArrayList<>();

    WorkGroup(Consumer<KernelContext> kernel, int index, int groups, int lanes, boolean backwards) {
        this.kernel = kernel;
        this.index = index;
        this.groups = groups;
        this.lanes = lanes;
        this.backwards = backwards;
    }

    void run() {
        Continuation first = new Continuation(LANES, () -> lane(0));
        first.run();
        if (first.isDone()) {
            for (int i = 1; i < lanes; i++) {
                lane(i);
            }
        } else {
            lockstep(first);
        }
    }

    private void lockstep(Continuation first) {
        List<Continuation> running = new ArrayList<>(lanes);
        running.add(first);
        for (int i = 1; i < lanes; i++) {
            int lane = i;
            running.add(new Continuation(LANES, () -> lane(lane)));
            running.getLast().run();
        }
        while (!running.isEmpty()) {
            running.removeIf(Continuation::isDone);
            if (!running.isEmpty() && running.size() < lanes) {
                throw new IllegalStateException(
                        running.size() + " lanes wait at a barrier of work-group " + index + ", and the others of " + lanes + " have ended");
            }
            running.forEach(Continuation::run);
        }
    }

    private void lane(int i) {
        int lane = backwards ? lanes - 1 - i : i;
        try {
            kernel.accept(KernelContext.of(this, lane, lanes, index, groups));
        } catch (RuntimeException failure) {
            throw new IllegalStateException("lane " + lane + " of work-group " + index + ": " + failure.getMessage(), failure);
        }
    }

    void await(int lane) {
        if (Continuation.getCurrentContinuation(LANES) == null) {
            throw new IllegalStateException("lane " + lane + " waits at a barrier, and another one has ended");
        }
        Continuation.yield(LANES);
    }

    float[] floats(int number, int size) {
        if (number == local.size()) {
            float[] unwritten = new float[size];
            Arrays.fill(unwritten, Float.NaN);
            local.add(unwritten);
        }
        if (local.get(number) instanceof float[] shared && shared.length == size) {
            return shared;
        }
        throw differs(number);
    }

    double[] doubles(int number, int size) {
        if (number == local.size()) {
            double[] unwritten = new double[size];
            Arrays.fill(unwritten, Double.NaN);
            local.add(unwritten);
        }
        if (local.get(number) instanceof double[] shared && shared.length == size) {
            return shared;
        }
        throw differs(number);
    }

    private static IllegalStateException differs(int number) {
        return new IllegalStateException("lanes want local array " + number + " of different kinds or sizes");
    }
}
