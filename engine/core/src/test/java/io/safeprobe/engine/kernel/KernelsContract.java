package io.safeprobe.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.safeprobe.engine.kernel.check.Agreement;
import io.safeprobe.engine.kernel.check.KernelCheck;
import io.safeprobe.engine.kernel.check.OpCase;
import io.safeprobe.engine.kernel.check.UpdateCase;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * What every backend owes: the numbers of the reference in F64 up to float32 rounding, outputs that do not depend on what their memory
 * held before, and inputs and what lies behind outputs left alone. A backend of another module is tested with this class too.
 */
public final class KernelsContract {
    private static final int BEHIND = 64;

    private final String name;
    private final Kernels kernels;
    private final KernelCheck check;

    /** The contract of some kernels. */
    public KernelsContract(String name, Kernels kernels) {
        this.name = name;
        this.kernels = kernels;
        this.check = new KernelCheck(kernels);
    }

    /** Runs a case and checks every output. Gives back the bits of the outputs. */
    public List<byte[]> check(KernelCheck.Expected expected) {
        return there(there -> checkThere(there, expected));
    }

    /** Runs a check in the memory of the kernels, which must be as empty afterwards as before. */
    private <T> T there(Function<Scope, T> check) {
        try (Memory memory = KernelCheck.memoryOf(kernels); Scope there = memory.scope()) {
            return check.apply(there);
        }
    }

    private List<byte[]> checkThere(Scope scope, KernelCheck.Expected expected) {
        Op op = expected.oneCase().op();
        List<Tensor> inputs = expected.inputs().stream().map(input -> KernelCheck.copy(scope, input)).toList();
        List<byte[]> before = bits(inputs);
        List<Tensor> outputs = withRoom(scope, check.outputs(scope, op, inputs));
        kernels.run(op, inputs, outputs);
        assertThat(bits(inputs)).as("%s: inputs of %s", name, op).usingElementComparator(Arrays::compare).isEqualTo(before);
        double bound = Agreement.allowed(expected.oneCase());
        for (int i = 0; i < outputs.size(); i++) {
            String what = op + " of " + inputs + ", output " + i;
            close(what, outputs.get(i), expected.outputs().get(i), bound);
            endsWhereItEnds(what, outputs.get(i), i);
        }
        return bits(outputs);
    }

    /** Runs an update and checks every tensor it was given. Gives back the bits of the tensors. */
    public List<byte[]> check(UpdateCase oneCase) {
        return there(there -> checkThere(there, oneCase));
    }

    private List<byte[]> checkThere(Scope scope, UpdateCase oneCase) {
        List<Tensor> tensors = withRoom(scope, oneCase.tensors(scope));
        boolean exact = oneCase.exact();
        try (Memory here = Memory.ofLimit(1L << 28); Scope local = here.scope()) {
            List<Tensor> wanted = tensors.stream().map(tensor -> exact ? KernelCheck.copy(local, tensor) : OpCase.widened(local, tensor)).toList();
            kernels.apply(oneCase.update(), tensors.toArray(Tensor[]::new));
            new ReferenceKernels().apply(oneCase.update(), wanted.toArray(Tensor[]::new));
            compare(oneCase, tensors, wanted);
        }
        return bits(tensors);
    }

    private void compare(UpdateCase oneCase, List<Tensor> tensors, List<Tensor> wanted) {
        for (int i = 0; i < tensors.size(); i++) {
            double bound = Agreement.allowed(oneCase, tensors.get(i));
            String what = oneCase.update() + " of " + tensors + ", tensor " + i;
            close(what, tensors.get(i), wanted.get(i), bound);
            endsWhereItEnds(what, tensors.get(i), i);
        }
    }

    /** The same tensors in front of bytes that nobody may touch: other finite numbers behind each, so that a copy of them shows too. */
    private static List<Tensor> withRoom(Scope scope, List<Tensor> tensors) {
        List<Tensor> copies = new ArrayList<>();
        for (Tensor tensor : tensors) {
            Tensor room = Tensor.allocate(scope, tensor.dtype(), Shape.of(tensor.elements() + BEHIND / tensor.dtype().bytes()));
            byte[] bytes = new byte[Math.toIntExact(room.byteSize())];
            Arrays.fill(bytes, mark(copies.size()));
            MemorySegment numbers = MemorySegment.ofArray(bytes);
            tensor.copyTo(numbers);
            room.copyFrom(numbers);
            copies.add(Tensor.view(room.block(), room.offset(), tensor.dtype(), tensor.shape()));
        }
        return copies;
    }

    private static byte mark(int index) {
        return (byte) (0x41 + index);
    }

    private void endsWhereItEnds(String what, Tensor tensor, int index) {
        Shape behind = Shape.of(BEHIND / tensor.dtype().bytes());
        for (byte found : bytes(Tensor.view(tensor.block(), tensor.offset() + tensor.byteSize(), tensor.dtype(), behind))) {
            if (found != mark(index)) {
                throw new AssertionError(name + ": " + what + " is written to behind its end");
            }
        }
    }

    private void close(String what, Tensor got, Tensor want, double bound) {
        assertThat(got.shape()).as("%s: shape of %s", name, what).isEqualTo(want.shape());
        double[] found = got.toDoubles();
        for (int i = 0; i < found.length; i++) {
            double distance = Math.abs(found[i] - want.get(i));
            boolean close = distance <= bound * (1 + Math.abs(want.get(i)));
            if (!close) { // a description for each of a million elements would cost more than the kernels
                throw new AssertionError(name + ": " + what + ", element " + i + " is " + found[i]
                        + ", the reference in float64 gives " + want.get(i));
            }
        }
    }

    private static List<byte[]> bits(List<Tensor> tensors) {
        return tensors.stream().map(KernelsContract::bytes).toList();
    }

    private static byte[] bytes(Tensor tensor) {
        byte[] copy = new byte[Math.toIntExact(tensor.byteSize())];
        tensor.copyTo(MemorySegment.ofArray(copy));
        return copy;
    }
}
