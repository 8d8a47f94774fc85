/** Roost's mark: a bird on a perch. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" role="img" aria-label="Roost">
      <rect width="32" height="32" rx="8" fill="#1d6b58" />
      <path
        d="M6.6 13.4c0-4.6 3.5-8 8-8 3.6 0 6.3 2 7.3 5l3.5 1.5-3.3 1.5c-.2 5.3-4 8.6-9.5 8.6H6l3.1-3.7c-1.6-1.1-2.5-2.8-2.5-4.9Z"
        fill="#fff"
      />
      <circle cx="17.4" cy="10.7" r="1.3" fill="#1d6b58" />
      <path d="M12.7 22v3M16 21.8V25" stroke="#fff" strokeWidth="1.6" strokeLinecap="round" />
      <path d="M4.5 25.6h23" stroke="#f2b35c" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  );
}
