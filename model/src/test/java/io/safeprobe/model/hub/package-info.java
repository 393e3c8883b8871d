@NullMarked
package io.safeprobe.model.hub;

import org.jspecify.annotations.NullMarked;
