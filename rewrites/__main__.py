from rewrites import main

main()
