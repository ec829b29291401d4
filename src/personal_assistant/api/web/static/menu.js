// On a phone the menu is wider than the screen: the entry of this page is brought into view.
document.querySelector("nav [aria-current]")?.scrollIntoView({block: "nearest", inline: "center"});
