package io.safeprobe.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

/** The rules of the house. Patterns begin with two dots so that the bad fixtures below this package fall under them too. */
final class Rules {
    private Rules() {}

    static final ArchRule ENGINE_LOOKS_DOWN = noClasses().that().resideInAPackage("..safeprobe..engine..")
            .should().dependOnClassesThat().resideInAnyPackage("..safeprobe..model..", "..safeprobe..sap..", "..safeprobe..shell..")
            .because("packages only look down: shell, sap, model, engine");

    static final ArchRule MODEL_LOOKS_DOWN = noClasses().that().resideInAPackage("..safeprobe..model..")
            .should().dependOnClassesThat().resideInAnyPackage("..safeprobe..sap..", "..safeprobe..shell..")
            .because("packages only look down: shell, sap, model, engine");

    static final ArchRule SAP_LOOKS_DOWN = noClasses().that().resideInAPackage("..safeprobe..sap..")
            .should().dependOnClassesThat().resideInAPackage("..safeprobe..shell..")
            .because("packages only look down: shell, sap, model, engine");

    static final ArchRule TORNADO_STAYS_IN_ITS_ROOM = noClasses().that().resideOutsideOfPackage("..engine.tornado..")
            .should().dependOnClassesThat().resideInAPackage("uk.ac.manchester.tornado..")
            .because("the default build must not need TornadoVM");

    static final ArchRule ARROW_STAYS_IN_ITS_ROOM = noClasses()
            .that().resideOutsideOfPackages("..engine.memory..", "org.apache.arrow..", "..sap.data..")
            .should().dependOnClassesThat().resideInAPackage("org.apache.arrow..")
            .because("memory is reached through engine.memory");

    static final ArchRule KERNELS_KNOW_NO_AUTOGRAD = noClasses().that().resideInAnyPackage("..engine.kernel..", "..engine.tensor..", "..engine.memory..")
            .should().dependOnClassesThat().resideInAPackage("..engine.autograd..")
            .because("a backend only computes");

    static final ArchRule ONLY_THE_SHELL_TALKS = noClasses().that().resideOutsideOfPackages("..safeprobe.shell..", "..safeprobe.testdata..")
            .should(touchTheConsole())
            .because("only the shell talks to a person");

    static final ArchRule NO_CYCLES = slices().matching("io.safeprobe.(**)").should().beFreeOfCycles();

    static final ArchRule NO_CYCLES_AMONG_FIXTURES = slices().matching("io.safeprobe.architecture.bad.(**)").should().beFreeOfCycles();

    private static ArchCondition<JavaClass> touchTheConsole() {
        return new ArchCondition<>("use System.out, System.err or System.console()") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (JavaFieldAccess access : type.getFieldAccessesFromSelf()) {
                    boolean stream = access.getTargetOwner().isEquivalentTo(System.class) && !access.getName().equals("in");
                    events.add(new SimpleConditionEvent(access, stream, access.getDescription()));
                }
                type.getMethodCallsFromSelf().forEach(call -> events.add(new SimpleConditionEvent(
                        call, call.getTargetOwner().isEquivalentTo(System.class) && call.getName().equals("console"), call.getDescription())));
            }
        };
    }
}
