package io.safeprobe.engine.tornado;

import io.safeprobe.engine.kernel.DeviceKernels;
import io.safeprobe.engine.kernel.MissingKernelException;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.DeviceHeap;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * The arithmetic of a device of TornadoVM, in float32. Weights may be stored as BF16 or F16. Sums are taken in an order that depends on nothing
 * but the shapes, so results have the same bits on every run of one device.
 *
 * <p>Calls from several threads are served one at a time, by a thread of the device's own; see {@link Owner}.
 */
final class TornadoKernels implements DeviceKernels {
    private final Device device;
    private final Owner owner;
    private final Arena arena;
    private final Launcher launcher;
    private final TornadoHeap heap;
    private final Products products;
    private final Rows rows;
    private final Attention attention;
    private final Head head;
    private final Updates updates;

    TornadoKernels(Device device, TornadoDevice hardware, long bytes) {
        this.device = device;
        owner = new Owner(device.name());
        arena = new Arena(device.name(), bytes, hardware.getPhysicalDevice().getDeviceMaxAllocationSize());
        launcher = owner.call(() -> "taking " + bytes + " bytes of memory", () -> new Launcher(hardware, arena.arrays()));
        heap = new TornadoHeap(device.name(), arena, owner, launcher);
        Places places = owner.call(() -> "filling tables", () -> new Places(arena, launcher));
        products = new Products(launcher, places);
        rows = new Rows(launcher, places);
        attention = new Attention(device, launcher, places);
        head = new Head(launcher, places, products);
        updates = new Updates(launcher, places);
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public DeviceHeap heap() {
        return heap;
    }

    @Override
    public void run(Op op, List<Tensor> inputs, List<Tensor> outputs) {
        requireFloat32(op, outputs);
        owner.run(() -> op + " of " + inputs, () -> dispatch(op, inputs, outputs));
    }

    private void dispatch(Op op, List<Tensor> in, List<Tensor> out) {
        Tensor y = out.getFirst();
        switch (op) {
            case Op.MatMul matmul -> products.matmul(matmul, in.get(0), in.get(1), y);
            case Op.LoraLinear lora -> products.lora(lora, in, y, out.get(1));
            case Op.AddScaled add -> rows.addScaled(in.get(0), add.factor(), in.get(1), y);
            case Op.Mul _ -> rows.mul(in.get(0), in.get(1), y);
            case Op.Scale scale -> rows.scale(in.getFirst(), scale.factor(), y);
            case Op.Apply apply -> rows.curve(apply.curve(), apply.order(), in.getFirst(), null, y);
            case Op.Gate gate -> rows.curve(gate.curve(), gate.order(), in.get(0), in.get(1), y);
            case Op.GateGrad gate -> {
                rows.curve(gate.curve(), gate.order(), in.get(0), in.get(2), out.get(1));
                rows.curve(gate.curve(), gate.order() + 1, in.get(0), in.get(1), y);
                rows.mul(y, in.get(2), y);
            }
            case Op.AddRow _ -> rows.broadcast(PointwiseLanes.ADD, false, in.get(0), in.get(1), y);
            case Op.MulRow _ -> rows.broadcast(PointwiseLanes.MULTIPLY, false, in.get(0), in.get(1), y);
            case Op.MulColumn _ -> rows.broadcast(PointwiseLanes.MULTIPLY, true, in.get(0), in.get(1), y);
            case Op.SumRows _ -> rows.sumRows(in.getFirst(), y);
            case Op.SumColumns _ -> rows.sumColumns(in.getFirst(), y);
            case Op.RepeatRows _ -> rows.broadcast(PointwiseLanes.REPEAT, false, null, in.getFirst(), y);
            case Op.RepeatColumns _ -> rows.broadcast(PointwiseLanes.REPEAT, true, null, in.getFirst(), y);
            case Op.Reshape _ -> throw new IllegalArgumentException("a reshape shares memory and needs no kernel");
            case Op.Slice slice -> rows.slice(slice, in.getFirst(), y);
            case Op.Pad pad -> rows.pad(pad, in.getFirst(), y);
            case Op.Gather _ -> rows.gather(in.get(0), in.get(1), y);
            case Op.ScatterAdd _ -> rows.scatterAdd(in.get(0), in.get(1), y);
            case Op.RmsNorm rms -> rows.rmsNorm(rms.epsilon(), in.get(0), in.get(1), y);
            case Op.RmsNormGrad rms -> rows.rmsNormGrad(rms.epsilon(), in.get(0), in.get(1), in.get(2), y);
            case Op.Rotary turn -> rows.rotary(turn.inverse(), in.get(0), in.get(1), in.get(2), y);
            case Op.Attention forward -> attention.forward(forward, in, y, out.get(1));
            case Op.AttentionGrad grad -> attention.backward(grad, in, out);
            case Op.LinearCrossEntropy fused -> head.crossEntropy(in.get(0), in.get(1), in.get(2), y, fused.pull() ? out.get(1) : null, fused.softcap());
            case Op.LogSoftmax _ -> rows.logSoftmax(in.getFirst(), y);
            case Op.CrossEntropy loss -> rows.crossEntropy(loss.ignoreIndex(), in.get(0), in.get(1), y);
            case Op.CrossEntropyGrad loss -> rows.crossEntropyGrad(loss.ignoreIndex(), in.get(0), in.get(1), in.get(2), y);
            case Op.SegmentSum _ -> rows.segments(Kernel.SEGMENT_SUM, in.get(0), in.get(1), y);
            case Op.SegmentExpand _ -> rows.segments(Kernel.SEGMENT_EXPAND, in.get(0), in.get(1), y);
        }
    }

    @Override
    public void update(Update update, List<Tensor> tensors) {
        owner.run(() -> update + " of " + tensors, () -> dispatch(update, tensors));
    }

    private void dispatch(Update update, List<Tensor> tensors) {
        switch (update) {
            case Update.AdamW adam -> {
                requireFloat32(adam, tensors);
                updates.adamW(adam, tensors);
            }
            case Update.Sgd sgd -> {
                requireFloat32(sgd, tensors);
                updates.sgd(sgd, tensors);
            }
            case Update.Accumulate add -> {
                requireFloat32(add, tensors);
                updates.accumulate(add, tensors.get(0), tensors.get(1));
            }
            case Update.Copy copy -> {
                requireStored(copy, tensors);
                updates.copy(tensors.get(0), tensors.get(1), heap);
            }
            case Update.Fill fill -> {
                requireStored(fill, tensors);
                updates.fill(tensors.getFirst(), fill.value());
            }
            case Update.DropoutMask mask -> {
                requireFloat32(mask, tensors);
                updates.dropoutMask(mask, tensors.getFirst());
            }
            case Update.SumSquares squares -> {
                requireFloat32(squares, List.of(tensors.get(1)));
                updates.sumSquares(tensors.get(0), tensors.get(1));
            }
        }
    }

    private void requireFloat32(Object operation, List<Tensor> tensors) {
        for (Tensor tensor : tensors) {
            if (tensor.dtype() != DType.F32) {
                throw new MissingKernelException(operation, device, "it computes in F32, not " + tensor.dtype());
            }
        }
    }

    private void requireStored(Object operation, List<Tensor> tensors) {
        for (Tensor tensor : tensors) {
            if (!tensor.dtype().onDevices()) {
                throw new MissingKernelException(operation, device, "it holds F32, BF16 and F16, not " + tensor.dtype());
            }
        }
    }

    @Override
    public void close() {
        try {
            owner.run(() -> "giving its memory back", launcher::close);
        } finally {
            owner.close();
            arena.close();
        }
    }

    @Override
    public String toString() {
        return "kernels of " + device;
    }
}
