# A C test binary: a room's tests, the harness, and the library they judge.
{
  'dependencies': ['ring3', 'harness'],
  'include_dirs': ['../../test/c'],
  'ldflags': ["-Wl,-rpath,'$$ORIGIN'"],
  'libraries': ['-lpthread', '-ldl'],
}
