package io.safeprobe.engine.tornado;

import io.safeprobe.engine.kernel.DeviceException;
import io.safeprobe.engine.tensor.Tensor;
import java.nio.IntBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * Ids, targets and segments on the device. They stay in the process, which checks them; a kernel gets a copy. The same numbers serve every layer
 * of a step, so what was sent is remembered by its content and sent once. When the array is full it is started anew: by then the kernels that
 * read the old numbers are ahead in the queue.
 */
final class Index {
    /** Elements for what is sent. */
    static final int SIZE = 1 << 19;
    /** Elements behind those, for bits of floats on their way to another format. */
    static final int BITS = 1 << 19;

    private final Launcher launcher;
    private final Map<IntBuffer, Integer> sent = new HashMap<>();
    private int end;

    Index(Launcher launcher) {
        this.launcher = launcher;
    }

    /** Where the numbers of an I32 tensor begin. */
    int at(Tensor tensor) {
        int[] numbers = new int[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = tensor.getInt(i);
        }
        Integer known = sent.get(IntBuffer.wrap(numbers));
        return known == null ? send(numbers) : known;
    }

    private int send(int[] numbers) {
        if (numbers.length > SIZE) {
            throw new DeviceException(numbers.length + " ids at once are more than the " + SIZE + " that have room on the device; use a smaller batch");
        }
        if (numbers.length > SIZE - end) {
            sent.clear();
            end = 0;
        }
        int at = end;
        launcher.sendIndex(numbers, at);
        end += numbers.length;
        sent.put(IntBuffer.wrap(numbers), at);
        return at;
    }
}
