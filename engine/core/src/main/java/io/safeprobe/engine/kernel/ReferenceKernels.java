package io.safeprobe.engine.kernel;

import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/**
 * Plain scalar kernels: every value is widened to float64, computed by the textbook formula and rounded once when it is stored. On
 * F64 tensors this is the oracle that every other backend and every derivative is tested against. Clarity only, no speed.
 */
public final class ReferenceKernels implements Kernels {
    @Override
    public Device device() {
        return Device.CPU;
    }

    @Override
    public void run(Op op, List<Tensor> in, List<Tensor> out) {
        Tensor y = out.getFirst();
        switch (op) {
            case Op.MatMul matmul -> ReferenceMatMul.matmul(matmul, in.get(0), in.get(1), y);
            case Op.LoraLinear lora -> ReferenceMatMul.lora(lora, in, y, out.get(1));
            case Op.AddScaled add -> each(y, i -> in.get(0).get(i) + add.factor() * in.get(1).get(i));
            case Op.Mul _ -> each(y, i -> in.get(0).get(i) * in.get(1).get(i));
            case Op.Scale scale -> each(y, i -> scale.factor() * in.get(0).get(i));
            case Op.Apply apply -> each(y, i -> apply.curve().at(apply.order(), in.get(0).get(i)));
            case Op.Gate gate -> each(y, i -> gate.curve().at(gate.order(), in.get(0).get(i)) * in.get(1).get(i));
            case Op.GateGrad gate -> {
                each(y, i -> gate.curve().at(gate.order() + 1, in.get(0).get(i)) * in.get(1).get(i) * in.get(2).get(i));
                each(out.get(1), i -> gate.curve().at(gate.order(), in.get(0).get(i)) * in.get(2).get(i));
            }
            case Op.AddRow _ -> each(y, i -> in.get(0).get(i) + in.get(1).get(i % y.shape().dim(-1)));
            case Op.MulRow _ -> each(y, i -> in.get(0).get(i) * in.get(1).get(i % y.shape().dim(-1)));
            case Op.MulColumn _ -> each(y, i -> in.get(0).get(i) * in.get(1).get(i / y.shape().dim(-1)));
            case Op.SumRows _ -> ReferenceRows.sumRows(in.getFirst(), y);
            case Op.SumColumns _ -> ReferenceRows.sumColumns(in.getFirst(), y);
            case Op.RepeatRows _ -> each(y, i -> in.get(0).get(i % y.shape().dim(-1)));
            case Op.RepeatColumns _ -> each(y, i -> in.get(0).get(i / y.shape().dim(-1)));
            case Op.Reshape _ -> throw new IllegalArgumentException("a reshape shares memory and needs no kernel");
            case Op.Slice slice -> ReferenceRows.slice(slice, in.getFirst(), y);
            case Op.Pad pad -> ReferenceRows.pad(pad, in.getFirst(), y);
            case Op.Gather _ -> ReferenceRows.gather(in.get(0), in.get(1), y);
            case Op.ScatterAdd _ -> ReferenceRows.scatterAdd(in.get(0), in.get(1), y);
            case Op.RmsNorm norm -> ReferenceRows.rmsNorm(norm, in.get(0), in.get(1), y);
            case Op.RmsNormGrad norm -> ReferenceRows.rmsNormGrad(norm, in.get(0), in.get(1), in.get(2), y);
            case Op.Rotary rotary -> ReferenceRows.rotary(rotary, in.get(0), in.get(1), in.get(2), y);
            case Op.Attention attention -> ReferenceAttention.forward(attention, in, y, out.get(1));
            case Op.AttentionGrad grad -> ReferenceAttention.backward(grad, in, out);
            case Op.LogSoftmax _ -> ReferenceLoss.logSoftmax(in.getFirst(), y);
            case Op.CrossEntropy loss -> ReferenceLoss.crossEntropy(loss, in.get(0), in.get(1), y);
            case Op.CrossEntropyGrad loss -> ReferenceLoss.crossEntropyGrad(loss, in.get(0), in.get(1), in.get(2), y);
            case Op.LinearCrossEntropy loss -> ReferenceLoss.linearCrossEntropy(loss, in.get(0), in.get(1), in.get(2), out);
            case Op.SegmentSum _ -> ReferenceLoss.segmentSum(in.get(0), in.get(1), y);
            case Op.SegmentExpand _ -> ReferenceLoss.segmentExpand(in.get(0), in.get(1), y);
        }
    }

    @Override
    public void update(Update update, List<Tensor> tensors) {
        Tensor target = tensors.getFirst();
        switch (update) {
            case Update.AdamW adam -> ReferenceUpdates.adamW(adam, tensors);
            case Update.Sgd sgd -> ReferenceUpdates.sgd(sgd, tensors);
            case Update.Accumulate add -> each(target, i -> target.get(i) + add.factor() * tensors.get(1).get(i));
            case Update.Copy _ -> each(target, i -> tensors.get(1).get(i));
            case Update.Fill fill -> each(target, i -> fill.value());
            case Update.DropoutMask mask -> ReferenceUpdates.dropoutMask(mask, target);
            case Update.SumSquares _ -> ReferenceUpdates.sumSquares(tensors.get(1), target);
        }
    }

    private interface Element {
        double at(long index);
    }

    private static void each(Tensor target, Element element) {
        for (long i = 0; i < target.elements(); i++) {
            target.set(i, element.at(i));
        }
    }
}
