package io.safeprobe.engine.kernel.cpu;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.MissingKernelException;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/**
 * The CPU through the Vector API: float32 arithmetic on all lanes and all threads. Weights may be stored as BF16 or F16. Every result
 * has the same bits for any number of threads: threads share independent outputs, and sums run over blocks of constant size in
 * order. The number of lanes, which is the machine's, does change the last bits.
 *
 * <p>Calls from several threads are served one at a time. Closing ends the threads; they are daemons, so a program may also just exit.
 */
public final class VectorKernels implements Kernels, AutoCloseable {
    private final Workers workers;
    private final GemmKernel gemm;
    private final AttentionKernel attention;
    private final AttentionGradKernel attentionGrad;
    private final NormKernel norm;
    private final RotaryKernel rotary;
    private final PointwiseKernel pointwise;
    private final RowKernel rows;
    private final LossKernel loss;
    private final HeadKernel head;
    private final UpdateKernel updates;
    private final ConvertKernel convert;
    private final Object turn = new Object();

    /** Kernels on all processors of the machine. */
    public VectorKernels() {
        this(Runtime.getRuntime().availableProcessors());
    }

    /**
     * Kernels on {@code threads} threads, the calling thread being one of them.
     *
     * @throws IllegalArgumentException when {@code threads} is below 1
     */
    public VectorKernels(int threads) {
        workers = new Workers(threads);
        gemm = new GemmKernel(workers);
        attention = new AttentionKernel(workers);
        attentionGrad = new AttentionGradKernel(workers);
        norm = new NormKernel(workers);
        rotary = new RotaryKernel(workers);
        pointwise = new PointwiseKernel(workers);
        rows = new RowKernel(workers);
        loss = new LossKernel(workers);
        head = new HeadKernel(workers);
        updates = new UpdateKernel(workers);
        convert = new ConvertKernel(workers);
    }

    @Override
    public Device device() {
        return Device.CPU;
    }

    @Override
    public void run(Op op, List<Tensor> inputs, List<Tensor> outputs) {
        requireFloat32(op, outputs);
        synchronized (turn) {
            dispatch(op, inputs, outputs);
        }
    }

    private void dispatch(Op op, List<Tensor> in, List<Tensor> out) {
        Tensor y = out.getFirst();
        switch (op) {
            case Op.MatMul matmul -> gemm.matmul(matmul, in.get(0), in.get(1), y);
            case Op.LoraLinear lora -> gemm.lora(lora, in, y, out.get(1));
            case Op.AddScaled add -> pointwise.addScaled(in.get(0), (float) add.factor(), in.get(1), y);
            case Op.Mul _ -> pointwise.mul(in.get(0), in.get(1), y);
            case Op.Scale scale -> pointwise.scale(in.getFirst(), (float) scale.factor(), y);
            case Op.Apply apply -> pointwise.apply(apply.curve(), apply.order(), in.getFirst(), y);
            case Op.Gate gate -> pointwise.gate(gate.curve(), gate.order(), in.get(0), in.get(1), y);
            case Op.GateGrad gate -> pointwise.gateGrad(gate.curve(), gate.order(), in, y, out.get(1));
            case Op.AddRow _ -> rows.addRow(in.get(0), in.get(1), y);
            case Op.MulRow _ -> rows.mulRow(in.get(0), in.get(1), y);
            case Op.MulColumn _ -> rows.mulColumn(in.get(0), in.get(1), y);
            case Op.SumRows _ -> rows.sumRows(in.getFirst(), y);
            case Op.SumColumns _ -> rows.sumColumns(in.getFirst(), y);
            case Op.RepeatRows _ -> rows.repeatRows(in.getFirst(), y);
            case Op.RepeatColumns _ -> rows.repeatColumns(in.getFirst(), y);
            case Op.Reshape _ -> throw new IllegalArgumentException("a reshape shares memory and needs no kernel");
            case Op.Slice slice -> rows.slice(slice, in.getFirst(), y);
            case Op.Pad pad -> rows.pad(pad, in.getFirst(), y);
            case Op.Gather _ -> rows.gather(in.get(0), in.get(1), y);
            case Op.ScatterAdd _ -> rows.scatterAdd(in.get(0), in.get(1), y);
            case Op.RmsNorm rms -> norm.forward(rms.epsilon(), in.get(0), in.get(1), y);
            case Op.RmsNormGrad rms -> norm.backward(rms.epsilon(), in.get(0), in.get(1), in.get(2), y);
            case Op.Rotary turn -> rotary.rotate(turn.inverse(), in.get(0), in.get(1), in.get(2), y);
            case Op.Attention forward -> attention.forward(forward, in, y, out.get(1));
            case Op.AttentionGrad grad -> attentionGrad.backward(grad, in, out);
            case Op.LogSoftmax _ -> loss.logSoftmax(in.getFirst(), y);
            case Op.CrossEntropy entropy -> loss.crossEntropy(entropy.ignoreIndex(), in.get(0), in.get(1), y);
            case Op.CrossEntropyGrad entropy -> loss.crossEntropyGrad(entropy.ignoreIndex(), in.get(0), in.get(1), in.get(2), y);
            case Op.LinearCrossEntropy fused -> head.crossEntropy((float) fused.softcap(), in.get(0), in.get(1), in.get(2), y, fused.pull() ? out.get(1) : null);
            case Op.SegmentSum _ -> loss.segmentSum(in.get(0), in.get(1), y);
            case Op.SegmentExpand _ -> loss.segmentExpand(in.get(0), in.get(1), y);
        }
    }

    @Override
    public void update(Update update, List<Tensor> tensors) {
        synchronized (turn) {
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
                    pointwise.addScaled(tensors.get(0), (float) add.factor(), tensors.get(1), tensors.get(0));
                }
                case Update.Copy _ -> convert.copy(tensors.get(0), tensors.get(1));
                case Update.Fill fill -> convert.fill(tensors.getFirst(), fill.value());
                case Update.DropoutMask mask -> {
                    requireFloat32(mask, tensors);
                    updates.dropoutMask(mask, tensors.getFirst());
                }
                case Update.SumSquares squares -> {
                    requireFloat32(squares, List.of(tensors.get(1)));
                    updates.sumSquares(tensors.get(1), tensors.get(0));
                }
            }
        }
    }

    private void requireFloat32(Object operation, List<Tensor> tensors) {
        for (Tensor tensor : tensors) {
            if (tensor.dtype() != DType.F32) {
                String remedy = tensor.dtype() == DType.F64 ? "use ReferenceKernels for F64" : "copy it to F32 first";
                throw new MissingKernelException(operation, device(), "it computes in F32, not " + tensor.dtype() + "; " + remedy);
            }
        }
    }

    @Override
    public void close() {
        workers.close();
    }
}
