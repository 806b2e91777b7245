# A hosted module: kernel-flavoured, its symbols hidden unless exported, bound to itself first.
{
  'product_prefix': '',
  'dependencies': ['ring3'],
  'include_dirs': ['../../kernel-api/include', '../../scst-port/kernel/include'],
  'defines': ['MODULE'],
  'cflags': ['<@(kernel_cflags)', '-fvisibility=hidden'],
  'ldflags': ['-Wl,-Bsymbolic', '-Wl,-z,now', '-nostdlib',
              '-Wl,-T,<(module_root_dir)/kernel-api/module.lds', "-Wl,-rpath,'$$ORIGIN'"],
}
