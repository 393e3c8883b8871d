package io.safeprobe.engine.tornado;

import io.safeprobe.engine.kernel.DeviceException;
import io.safeprobe.engine.kernel.MissingKernelException;
import io.safeprobe.engine.memory.MemoryException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * The one thread that touches the device. TornadoVM keeps a queue of commands for each thread, so that two threads, even one after the other,
 * would not see each other's results; and it must not be interrupted in the middle of a call, which is what cancelling a command does. Callers
 * wait to the end of the call and keep their interruption.
 */
final class Owner implements AutoCloseable {
    private final String device;
    private final ExecutorService executor;
    private volatile Thread thread = Thread.currentThread();

    Owner(String device) {
        this.device = device;
        executor = Executors.newSingleThreadExecutor(task -> {
            Thread made = new Thread(task, device);
            made.setDaemon(true);
            return made;
        });
        await(executor.submit(() -> {
            thread = Thread.currentThread();
            return true;
        }));
    }

    /**
     * The result of a call on the thread of the device.
     *
     * @throws DeviceException for whatever goes wrong in the driver, errors included, naming what was done
     */
    <T> T call(Supplier<String> what, Callable<T> action) {
        return Thread.currentThread().equals(thread) ? guarded(what, action) : await(executor.submit(() -> guarded(what, action)));
    }

    void run(Supplier<String> what, Runnable action) {
        call(what, () -> {
            action.run();
            return true;
        });
    }

    private <T> T guarded(Supplier<String> what, Callable<T> action) {
        try {
            return action.call();
        } catch (DeviceException | MemoryException | MissingKernelException known) {
            throw known;
        } catch (Throwable failure) { // TornadoVM throws errors too; none of them is a reason to end the program
            throw new DeviceException("device " + device + " failed at " + what.get() + ": " + failure, failure);
        }
    }

    private static <T> T await(Future<T> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException cancelled) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof RuntimeException known) {
                throw known;
            }
            throw new IllegalStateException(failure);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        executor.shutdown();
    }
}
