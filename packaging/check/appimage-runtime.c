// A stand-in for AppImage's runtime, for the check alone: it finds the file
// system behind its own end, as the real one does, unpacks it instead of
// mounting it, and starts AppRun with the variables that the real one sets.
#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char self[PATH_MAX] = "", dir[] = "/tmp/parley-appimage.XXXXXX", text[3 * PATH_MAX];
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0 || !mkdtemp(dir)) return 1;
  FILE *f = fopen(self, "rb");
  Elf64_Ehdr h;
  if (!f || fread(&h, sizeof h, 1, f) != 1) return 1;
  fclose(f);
  snprintf(text, sizeof text, "unsquashfs -q -n -d '%s/root' -o %lu '%s' >/dev/null", dir,
           (unsigned long)(h.e_shoff + (unsigned long)h.e_shentsize * h.e_shnum), self);
  if (system(text)) return 1;
  snprintf(text, sizeof text, "%s/root", dir);
  setenv("APPDIR", text, 1);
  setenv("APPIMAGE", self, 1);
  snprintf(text, sizeof text, "\"$APPDIR/AppRun\" \"$@\"; code=$?; rm -rf '%s'; exit $code", dir);
  char *args[argc + 4];
  args[0] = "sh", args[1] = "-c", args[2] = text, args[3] = "sh";
  for (int i = 1; i <= argc; i++) args[i + 3] = argv[i];
  execv("/bin/sh", args);
  return 1;
}
