@NullMarked
package io.safeprobe.sap.score;

import org.jspecify.annotations.NullMarked;
