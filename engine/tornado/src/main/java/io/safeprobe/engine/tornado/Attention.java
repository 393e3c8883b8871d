package io.safeprobe.engine.tornado;

import io.safeprobe.engine.kernel.MissingKernelException;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** Launches of attention and its gradient. */
final class Attention {
    private final Device device;
    private final Launcher launcher;
    private final Places places;

    Attention(Device device, Launcher launcher, Places places) {
        this.device = device;
        this.launcher = launcher;
        this.places = places;
    }

    void forward(Op.Attention op, List<Tensor> in, Tensor y, Tensor logSumExp) {
        Tensor q = in.get(0);
        int queries = Math.toIntExact(q.shape().rows());
        launcher.launch(
                Kernel.ATTENTION, (long) queries * op.heads(), new float[] {(float) op.scale(), (float) op.softcap()}, places.of(y), places.of(logSumExp), places.of(q),
                places.of(in.get(1)), places.of(in.get(2)), queries, op.heads(), op.kvHeads(), size(op, q, op.heads()), places.index(in.get(3)),
                segments(in.get(3)));
    }

    void backward(Op.AttentionGrad op, List<Tensor> in, List<Tensor> out) {
        Tensor q = in.get(0);
        Tensor k = in.get(1);
        int size = size(op, q, op.heads());
        float[] scale = {(float) op.scale(), (float) op.softcap()};
        int queries = Math.toIntExact(q.shape().rows());
        int keys = Math.toIntExact(k.shape().rows());
        launcher.launch(Kernel.ATTENTION_GRAD_QUERIES, (long) queries * op.heads(), scale, arguments(op, in, out, queries, size));
        launcher.launch(Kernel.ATTENTION_GRAD_KEYS, (long) keys * op.kvHeads(), scale, arguments(op, in, out, keys, size));
    }

    private int[] arguments(Op.AttentionGrad op, List<Tensor> in, List<Tensor> out, int rows, int size) {
        return new int[] {
            places.of(in.get(0)), places.of(in.get(1)), places.of(in.get(2)), places.of(in.get(4)), places.of(in.get(5)), places.of(in.get(6)),
            places.of(out.get(0)), places.of(out.get(1)), places.of(out.get(2)), rows, op.heads(), op.kvHeads(), size, places.index(in.get(3)),
            segments(in.get(3))
        };
    }

    private static int segments(Tensor segments) {
        return Math.toIntExact(segments.shape().dim(0));
    }

    private int size(Op op, Tensor q, int heads) {
        int size = Math.toIntExact(q.shape().dim(-1) / heads);
        if (size > AttentionLanes.MOST_DIMENSIONS) {
            throw new MissingKernelException(op, device, "heads have " + size + " dimensions, and at most " + AttentionLanes.MOST_DIMENSIONS + " are supported");
        }
        return size;
    }
}
