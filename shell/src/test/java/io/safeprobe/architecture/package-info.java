@NullMarked
package io.safeprobe.architecture;

import org.jspecify.annotations.NullMarked;
