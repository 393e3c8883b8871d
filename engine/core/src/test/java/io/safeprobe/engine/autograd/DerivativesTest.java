package io.safeprobe.engine.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.kernel.check.Draw;
import io.safeprobe.engine.kernel.check.OpCase;
import io.safeprobe.engine.kernel.check.OpCases;
import io.safeprobe.engine.kernel.check.OpFamily;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.GenerationMode;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;

/** Every derivative, and the derivative of every derivative, against central differences in float64. */
class DerivativesTest {
    /** Central differences with a step of 1e-5 are good to about 1e-9 here; a wrong term is off by far more. */
    private static final double NUMERIC = 5e-7;

    @Provide
    Arbitrary<OpFamily> once() {
        return families(1);
    }

    @Provide
    Arbitrary<OpFamily> twice() {
        return families(2);
    }

    @Provide
    Arbitrary<Long> seeds() {
        return Arbitraries.longs().between(1, 25);
    }

    private static Arbitrary<OpFamily> families(int orders) {
        return Arbitraries.of(OpCases.all().stream().filter(family -> family.draw(1, Draw.Size.SMALL).orders() >= orders).toList());
    }

    @Property(generation = GenerationMode.EXHAUSTIVE, shrinking = ShrinkingMode.OFF)
    void theGradientAgreesWithCentralDifferences(@ForAll("once") OpFamily family, @ForAll("seeds") long seed) {
        try (Trial trial = new Trial(family.draw(seed, Draw.Size.SMALL), seed)) {
            Set<Integer> variables = trial.variables();
            List<double[]> gradient = trial.gradient(variables, false);
            int position = 0;
            for (int variable : variables) {
                double[] analytic = gradient.get(position++);
                Tensor operand = trial.operand(variable);
                for (int element : trial.points(operand)) {
                    double numeric = trial.slope(operand, element, trial::loss);
                    assertThat(analytic[element])
                            .as("%s, seed %d: gradient to input %d, element %d", family, seed, variable, element)
                            .isCloseTo(numeric, within(NUMERIC * (1 + Math.abs(numeric))));
                }
            }
        }
    }

    @Property(generation = GenerationMode.EXHAUSTIVE, shrinking = ShrinkingMode.OFF)
    void theGradientOfTheGradientAgreesWithCentralDifferences(@ForAll("twice") OpFamily family, @ForAll("seeds") long seed) {
        try (Trial trial = new Trial(family.draw(seed, Draw.Size.SMALL), seed)) {
            Set<Integer> variables = trial.variables();
            List<Tensor> directions = trial.directions(variables);
            List<double[]> gradient = trial.gradientOfSlope(variables, directions);
            List<Tensor> perturbed = new ArrayList<>(variables.stream().map(trial::operand).toList());
            perturbed.addAll(trial.weights());
            for (int i = 0; i < perturbed.size(); i++) {
                for (int element : trial.points(perturbed.get(i))) {
                    double numeric = trial.slope(perturbed.get(i), element, () -> trial.slope(variables, directions));
                    assertThat(gradient.get(i)[element])
                            .as("%s, seed %d: second gradient, position %d (inputs, then output weights), element %d", family,
                                    seed, i, element)
                            .isCloseTo(numeric, within(NUMERIC * (1 + Math.abs(numeric))));
                }
            }
        }
    }

    /** A frozen input must change which gradients are computed, never their value; nor may the wish to differentiate again. */
    @Property(generation = GenerationMode.EXHAUSTIVE, shrinking = ShrinkingMode.OFF)
    void theGradientToOneInputDoesNotDependOnWhichOthersAreWanted(@ForAll("once") OpFamily family, @ForAll("seeds") long seed) {
        try (Trial trial = new Trial(family.draw(seed, Draw.Size.SMALL), seed)) {
            Set<Integer> variables = trial.variables();
            List<double[]> all = trial.gradient(variables, false);
            List<double[]> again = trial.gradient(variables, true);
            int position = 0;
            for (int variable : variables) {
                assertThat(again.get(position)).as("%s, seed %d: input %d, differentiable", family, seed, variable)
                        .containsExactly(all.get(position));
                assertThat(trial.gradient(Set.of(variable), false).getFirst())
                        .as("%s, seed %d: input %d alone", family, seed, variable)
                        .containsExactly(all.get(position++), within(1e-12));
            }
        }
    }

    @Property(generation = GenerationMode.EXHAUSTIVE, shrinking = ShrinkingMode.OFF)
    void theSecondGradientToOneInputDoesNotNeedTheOthers(@ForAll("twice") OpFamily family, @ForAll("seeds") long seed) {
        try (Trial trial = new Trial(family.draw(seed, Draw.Size.SMALL), seed)) {
            for (int variable : trial.variables()) {
                Set<Integer> alone = Set.of(variable);
                List<Tensor> direction = trial.directions(alone);
                double[] gradient = trial.gradientOfSlope(alone, direction).getFirst();
                Tensor operand = trial.operand(variable);
                int element = trial.points(operand)[0];
                double numeric = trial.slope(operand, element, () -> trial.slope(alone, direction));
                assertThat(gradient[element])
                        .as("%s, seed %d: second gradient to input %d alone, element %d", family, seed, variable, element)
                        .isCloseTo(numeric, within(NUMERIC * (1 + Math.abs(numeric))));
            }
        }
    }

    /** What is read after it was given back is an error, so this shows that nothing a derivative reads was. */
    @Property(generation = GenerationMode.EXHAUSTIVE, shrinking = ShrinkingMode.OFF)
    void whatNoDerivativeReadsCanBeGivenBack(@ForAll("once") OpFamily family, @ForAll("seeds") long seed) {
        OpCase drawn = family.draw(seed, Draw.Size.SMALL);
        try (Trial all = new Trial(drawn, seed);
                Trial section = Trial.inSection(drawn, seed)) {
            for (Set<Integer> variables : allAndEachAlone(all.variables())) {
                for (boolean differentiable : new boolean[] {false, true}) {
                    assertThat(section.gradient(variables, differentiable)).as("%s, seed %d: gradient to %s", family, seed, variables)
                            .usingRecursiveComparison().isEqualTo(all.gradient(variables, differentiable));
                }
                if (drawn.orders() >= 2) {
                    List<Tensor> directions = all.directions(variables);
                    assertThat(section.gradientOfSlope(variables, directions)).as("%s, seed %d: second gradient to %s", family, seed, variables)
                            .usingRecursiveComparison().isEqualTo(all.gradientOfSlope(variables, directions));
                }
            }
        }
    }

    private static List<Set<Integer>> allAndEachAlone(Set<Integer> variables) {
        List<Set<Integer>> sets = new ArrayList<>(List.of(variables));
        variables.forEach(variable -> sets.add(Set.of(variable)));
        return sets;
    }
}
